"""The comparison of two files: each is decoded once and asked for its provenance, then both are aligned."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from api.audit.asked import PROVENANCE
from api.audit.audit import audit_file
from api.audit.engines import Engines, Printer
from api.audit.findings import NotRun
from api.audit.result import AuditResult
from api.compare.comparison import ROLES, Alignment, Comparison, Role, side
from core.errors import AudioError

if TYPE_CHECKING:
    from torch import Tensor

    from api.registry.registry import Registry
    from api.settings import Settings
    from core.clip import Clip
    from core.progress import Progress
    from provenance.fingerprint import Fingerprint

SHARE = 0.48
"""Of the work, what each file is; the alignment is the rest."""
Seen = Callable[[Role, "Clip"], None]
"""Called with the decoded audio of each file, for its pictures."""


@dataclass
class _Keeping:
    """A printer that keeps the first fingerprint that it makes: the audit's, of the audio as it plays."""

    printer: Printer
    first: "Fingerprint | None" = None

    def extract(self, wav: "Tensor", sample_rate: int) -> "Fingerprint":
        made = self.printer.extract(wav, sample_rate)
        self.first = self.first or made
        return made


def compare_files(
    original: Path,
    suspect: Path,
    *,
    registry: "Registry",
    settings: "Settings",
    engines: Engines,
    progress: "Progress | None" = None,
    seen: Seen | None = None,
) -> Comparison:
    """Compare two audio files; one of them is in memory at a time.

    Args:
        original: the recording that may have been used.
        suspect: the recording that may hold it.
        registry: records, keys and fingerprints.
        settings: limits of what is decoded, and how far a mark is looked for.
        engines: what touches audio.
        progress: called with (stage, fraction done).
        seen: see `Seen`.

    Returns:
        What was found.

    Raises:
        AudioError: one of the files cannot be used as audio; the message says which.
    """
    started, report = time.monotonic(), progress or (lambda _stage, _fraction: None)
    told: dict[Role, AuditResult] = {}
    printed: dict[Role, Fingerprint | None] = {}
    for place, (role, path) in enumerate(zip(ROLES, (original, suspect), strict=True)):
        keeping = _Keeping(engines.printer)

        def step(stage: str, fraction: float, before: float = place * SHARE) -> None:
            report(stage, before + SHARE * fraction)

        try:
            result = audit_file(
                path,
                registry=registry,
                settings=settings,
                checks=PROVENANCE,
                progress=step,
                engines=replace(engines, printer=keeping),
            )
        except AudioError as error:
            said = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
            raise type(error)(f"the {role}: {said}") from error
        if seen is not None and result.clip is not None:
            seen(role, result.clip)
        told[role], printed[role] = replace(result, clip=None), keeping.first
    report("align", 2 * SHARE)
    aligned = _aligned(told, printed)
    report("done", 1.0)
    return Comparison(
        side(told["original"]),
        side(told["suspect"]),
        told["original"].sha256 == told["suspect"].sha256,
        aligned,
        time.monotonic() - started,
    )


def _aligned(told: dict[Role, AuditResult], printed: dict[Role, "Fingerprint | None"]) -> Alignment:
    from provenance.fingerprint import align

    for role in ROLES:
        said = told[role].findings.fingerprint
        if isinstance(said, NotRun) and said.outcome == "inconclusive":
            return Alignment("inconclusive", f"the {role}: {said.reason}")
    original, suspect = printed["original"], printed["suspect"]
    if original is None or suspect is None:
        return Alignment("inconclusive", "no fingerprint could be made")
    return Alignment.of(align(original, suspect))
