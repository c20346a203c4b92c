"""One run: every damaged file through the decoder, and what is left afterwards."""

import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.decode import DECODER, decode
from core.errors import AudioError, CredentialsError, DecodeTimeout
from core.limits import Limits
from lab.evaluation.mutants.mutate import mutant
from lab.evaluation.mutants.seeds import seeds
from provenance.credentials import read_credentials
from provenance.credentials.locked import LIBRARY

LIMITS = Limits(max_duration_s=60.0, timeout_s=20.0)
SETTLE_S = 10.0


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        by_seed: for each healthy file, how many mutants were decoded, refused, crashed a child, timed out.
        processes, descriptors, files: how many more there are than before.
        growth_mib: of the asking process, after the first hundredth of the files.
    """

    seed: int
    by_seed: dict[str, Counter[str]] = field(default_factory=dict)
    credentials: int = 0
    credentials_refused: int = 0
    slowest_s: float = 0.0
    processes: int = 0
    descriptors: int = 0
    files: int = 0
    growth_mib: float = 0.0


def run(count: int, seed: int) -> Outcome:
    """Send mutants through the decoder, one after the other; any error that is not typed is raised."""
    healthy = seeds()
    names = sorted(healthy)
    chance, found = random.Random(seed), Outcome(seed)
    with tempfile.TemporaryDirectory() as folder, _temporary(folder):
        path = Path(folder, "mutant")
        path.write_bytes(healthy["signed wav"])
        decode(path)
        read_credentials(path)
        before, memory = _left(), 0
        for number in range(count):
            name = names[number % len(names)]
            path.write_bytes(mutant(healthy[name], healthy[chance.choice(names)], chance))
            began = time.monotonic()
            kinds = found.by_seed.setdefault(name, Counter())
            kinds[_decoded(path)] += 1
            if b"c2pa" in path.read_bytes():
                found.credentials += 1
                found.credentials_refused += not _credentials(path)
            found.slowest_s = max(found.slowest_s, time.monotonic() - began)
            if number == count // 100:
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found.growth_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        until = time.monotonic() + SETTLE_S  # a child that was killed takes a moment to go
        while (after := _left())[0] > before[0] and time.monotonic() < until:
            time.sleep(0.05)
        found.processes, found.descriptors, found.files = (
            now - then for now, then in zip(after, before, strict=True)
        )
    return found


def _decoded(path: Path) -> str:
    try:
        decode(path, LIMITS)
    except DecodeTimeout:
        return "timed out"
    except AudioError as error:
        return "crashed" if "crashed" in str(error) else "refused"
    return "decoded"


def _credentials(path: Path) -> bool:
    try:
        read_credentials(path, timeout_s=20.0)
    except CredentialsError:
        return False
    return True


@contextmanager
def _temporary(folder: str) -> Iterator[None]:
    """Have temporary files made in a folder of our own, where what stays can be counted."""
    usual = tempfile.tempdir
    tempfile.tempdir = folder
    try:
        yield
    finally:
        tempfile.tempdir = usual


def _left() -> tuple[int, int, int]:
    """Processes below ours, our descriptors, and files in the folder for temporary ones."""
    processes = sum(_below(pid) for pid in (DECODER.pid, LIBRARY.pid))
    descriptors = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0
    return processes, descriptors, len(list(Path(tempfile.gettempdir()).iterdir()))


def _below(pid: int | None) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return 0
    return sum(1 + _below(int(child)) for child in children.read_text(encoding="ascii").split())
