"""The audit of one file: decode once, ask every check, judge ownership, apply the policy.

A check that breaks becomes a warning and an open question (`checks: failed`), never a crash and
never a silent "nothing found". A check that cannot answer (silence, too short) says so as
`inconclusive`. Two audits of the same file by the same registry differ in `elapsed_s` only.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import torch

from api.audit import checks as check
from api.audit import findings as shape
from api.audit.checks import Inconclusive
from api.audit.consents import consented
from api.audit.engines import Engines, product_engines
from api.audit.findings import AuditResult, Json, Outcome, Ownership
from api.audit.ownership import judge
from api.audit.policy import Policy, load_policy
from api.registry.summary import known
from core.clip import Clip
from core.errors import TrackmarkError
from core.progress import Progress

if TYPE_CHECKING:
    from api.registry.registry import Registry
    from api.settings import Settings

log = logging.getLogger(__name__)

ALL: tuple[str, ...] = ("watermark", "credentials", "fingerprint", "music", "voice")
PROVENANCE: tuple[str, ...] = ("watermark", "credentials", "fingerprint")
PARTLY = "the file is damaged or cut off: only a part of its audio could be decoded and audited"


@dataclass
class _Run:
    """What the checks of one audit have brought so far; two lanes ask side by side.

    Attributes:
        wanted: the checks that were asked for.
        report: the caller's progress.
        unusable: why no check of the sound can answer, or None.
        begun: how many checks have been asked so far.
    """

    wanted: frozenset[str]
    report: Progress
    unusable: str | None
    outcomes: dict[str, Outcome] = field(default_factory=lambda: dict.fromkeys(ALL, "skipped"))
    reasons: dict[str, str] = field(default_factory=dict)
    begun: int = 0
    lock: Lock = field(default_factory=Lock)

    def ask(self, name: str, check: Callable[[], Any]) -> Any:
        """Run one check; whatever it raises becomes an outcome with a reason."""
        with self.lock:
            self.begun += 1
            self.report(name, self.begun / (len(ALL) + 2))
        if name not in self.wanted:
            return None
        if self.unusable is not None and name != "credentials":
            return self._end(name, "inconclusive", self.unusable)
        try:
            found = check()
        except Inconclusive as reason:
            self._end(name, "inconclusive", f"inconclusive: {reason}")
            return reason.found
        except Exception as error:
            log.warning("the %s check failed", name, exc_info=True)
            kind = "" if isinstance(error, TrackmarkError) else f"{type(error).__name__}: "
            return self._end(name, "failed", f"the check failed: {kind}{error}")
        self.outcomes[name] = "done"
        return found

    def unanswered(self, clip: Clip) -> list[Json]:
        """What was asked and not answered, as `Policy.decide` wants it; damage to the file comes first."""
        open_checks = [
            {
                "check": name,
                "outcome": self.outcomes[name],
                "reason": self.reasons[name].removeprefix("inconclusive: "),
            }
            for name in ALL
            if name in self.reasons
        ]
        if clip.source.truncated:
            open_checks.insert(0, {"check": "decode", "outcome": "partly", "reason": partly(clip)})
        return open_checks

    def _end(self, name: str, outcome: Outcome, reason: str) -> None:
        self.outcomes[name], self.reasons[name] = outcome, reason


def audit_file(
    path: Path | str,
    *,
    registry: "Registry",
    settings: "Settings",
    artist: str | None = None,
    policy: Policy | None = None,
    checks: Collection[str] = ALL,
    progress: Progress | None = None,
    engines: Engines | None = None,
    today: date | None = None,
) -> AuditResult:
    """Audit one audio file.

    Args:
        path: the file.
        registry: records, keys, fingerprints and enrolled artists.
        settings: limits of what is decoded, and how far a mark is looked for.
        artist: compare the vocals with this enrolled artist only; None compares with all.
        policy: rules to apply; None is the default policy.
        checks: names out of `ALL`.
        progress: called with (stage, fraction done).
        engines: what touches audio; None takes the parts as they ship.
        today: the day by which policy rules are dated; None is today in UTC.

    Returns:
        The findings and the decision.

    Raises:
        AudioError: the file cannot be used as audio.
        RegistryError: `artist` is not enrolled.
        ValueError: a name in `checks` is unknown, or there is none: what was not asked is not accepted.
    """
    started = time.monotonic()
    unknown = set(checks) - set(ALL)
    if unknown:
        raise ValueError(f"unknown checks {sorted(unknown)}; choose from {', '.join(ALL)}")
    if not checks:
        raise ValueError(f"an audit asks at least one check; choose from {', '.join(ALL)}")
    path = Path(path)
    engines = engines or product_engines(settings)
    policy = policy or load_policy()
    on = today or datetime.now(UTC).date()
    report = progress or (lambda _stage, _fraction: None)
    artists = check.enrolled(registry, artist) if "voice" in checks else {}

    report("decode", 0.0)
    clip = engines.decoder.decode(path, settings.limits())
    run = _Run(frozenset(checks), report, check.unusable_reason(clip))
    left_out: list[str] = []
    full = settings.watermark_search == "full"
    # Two lanes with more threads each would wait for one another spinning, which on two busy cores made an
    # audit of three minutes take five times the processor time.
    torch.set_num_threads(1)
    with ThreadPoolExecutor(1, thread_name_prefix="audit") as beside:
        ai_asked = beside.submit(run.ask, "music", lambda: check.music(engines, clip))
        voice_asked = beside.submit(
            run.ask, "voice", lambda: check.voice(engines, clip, artists, left_out.append)
        )
        matches = run.ask("fingerprint", lambda: check.fingerprint(engines, clip, registry))
        changes = check.changes(matches)
        mark = run.ask(
            "watermark", lambda: check.watermark(engines, clip, registry, changes, exhaustive=full)
        )
        if check.moved(matches, mark):
            speed = mark["speed"]
            matches = run.ask(
                "fingerprint", lambda: check.at_own_speed(engines, clip, registry, matches, speed)
            )
        credentials = run.ask("credentials", lambda: check.credentials(engines, path, registry))
        ai, voice = ai_asked.result(), voice_asked.result()

    report("decide", (len(ALL) + 1) / (len(ALL) + 2))
    records = known(registry.records, _named(mark, matches, credentials))
    ownership = judge(mark, matches, credentials, records, run.reasons)
    found: Json = {
        "media": media(clip),
        "watermark": mark or dict(shape.EMPTY_WATERMARK),
        "credentials": credentials or dict(shape.EMPTY_CREDENTIALS),
        "fingerprint": matches or [],
        "ai": ai or {**shape.EMPTY_AI, "reason": run.reasons.get("music", "not checked")},
        "voice": voice or {**shape.EMPTY_VOICE, "reason": run.reasons.get("voice", "not checked")},
        "ownership": ownership.to_dict(),
        "duration_s": clip.duration_s,
        "ai_declared": declares_ai(ownership),
        "unanswered": run.unanswered(clip),
    }
    found["watermark"]["record_id"] = mark["message"] if mark and mark["message"] in records else None
    named = found["credentials"]["record_id"]
    found["credentials"]["record_known"] = None if named is None else named in records
    found["voice"]["artists"] = suspected(
        consented(found["voice"]["artists"], ownership, on=on), policy.clone_threshold(on=on)
    )
    decision = policy.decide(found, on=on)
    warnings = [f"{name}: {run.reasons[name]}" for name in ALL if name in run.reasons]
    if "voice" not in run.reasons:
        warnings.extend(f"voice: {text}" for text in left_out)
    if clip.source.truncated:
        warnings.append(partly(clip))
    warnings.extend(also_known_as(ownership, found["fingerprint"]))
    warnings.extend(policy.stale(on=on))
    report("done", 1.0)
    return AuditResult(
        file=str(path),
        sha256=clip.source.sha256,
        duration_s=clip.duration_s,
        elapsed_s=time.monotonic() - started,
        media=found["media"],
        watermark=found["watermark"],
        credentials=found["credentials"],
        fingerprint=tuple(found["fingerprint"]),
        ai=found["ai"],
        voice=found["voice"],
        ownership=ownership,
        decision=decision,
        checks=dict(run.outcomes),
        warnings=tuple(warnings),
        clip=clip,
    )


def partly(clip: Clip) -> str:
    """That a part of the audio is missing, and how the decoder knows."""
    return f"{PARTLY}: {'; '.join(clip.source.reasons)}" if clip.source.reasons else PARTLY


def declares_ai(ownership: Ownership) -> bool:
    """Whether a record that verifies says of this audio that a machine made it, wholly or partly."""
    record = ownership.record or {}
    involvement = record.get("ai_involvement") or {}
    return bool(record.get("verified")) and involvement.get("overall") in ("All", "Partly")


def suspected(artists: Sequence[Json], threshold: float | None) -> list[Json]:
    """Say of each artist whether the policy calls the voice a copy: the one threshold for all who read it."""
    return [
        {**artist, "suspected": threshold is not None and (artist["clone_score"] or 0.0) >= threshold}
        for artist in artists
    ]


def media(clip: Clip) -> Json:
    """Container facts of a clip."""
    return {
        "size_bytes": clip.source.size_bytes,
        "container": clip.source.container,
        "codec": clip.source.codec,
        "bit_rate": clip.source.bit_rate,
        "sample_rate": clip.sample_rate,
        "channels": int(clip.wav.shape[0]),
        "truncated": clip.source.truncated,
    }


def also_known_as(ownership: Ownership, matches: Sequence[Mapping[str, Any]]) -> list[str]:
    """A warning for each further record of the same audio: two parties may claim one track."""
    others = [m["record_id"] for m in matches if m["record_id"] != ownership.record_id]
    if ownership.status not in ("match", "mark_removed_or_unmarked", "fingerprint_only"):
        return []
    return [f"the same audio is also registered as record {other}; see who was first" for other in others]


def _named(mark: Json | None, matches: Sequence[Json] | None, credentials: Json | None) -> list[str]:
    """Every record id that some check named, once, in a fixed order."""
    ids = [mark["message"] if mark else None, *(m["record_id"] for m in matches or ())]
    ids.append(credentials["record_id"] if credentials else None)
    return list(dict.fromkeys(i for i in ids if i))
