"""One run: every damaged file through the decoder, the readers of tags and of credentials; what is left."""

import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.clip import Source
from core.decode import decode
from core.errors import AudioError, CredentialsError, DecodeTimeout
from core.limits import Limits
from core.reception import DECODER
from lab.evaluation.mutants.mutate import mutant
from lab.evaluation.mutants.seeds import seeds
from provenance.credentials import read_credentials
from provenance.credentials.locked import LIBRARY
from provenance.metadata.carrying import read

LIMITS = Limits(max_duration_s=60.0, timeout_s=20.0)
SETTLE_S = 10.0
KEPT_EVERY = 100


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        seed: of the run.
        done: how many files were sent so far; a run that was cut short goes on there.
        by_seed: for each healthy file, how many mutants were decoded, refused, crashed a child, timed out.
        processes, descriptors, files: how many more there are than before.
        growth_mib: of the asking process, after the first hundredth of the files.
    """

    seed: int
    done: int = 0
    by_seed: dict[str, Counter[str]] = field(default_factory=dict)
    credentials: int = 0
    credentials_refused: int = 0
    tags: int = 0
    tags_unreadable: int = 0
    slowest_s: float = 0.0
    processes: int = 0
    descriptors: int = 0
    files: int = 0
    growth_mib: float = 0.0


def run(count: int, found: Outcome, keep: Callable[[Outcome], None] = lambda _found: None) -> Outcome:
    """Send mutants through, one after the other; any error that is not typed is raised.

    Args:
        count: how many there are to be in all.
        found: what came of those that were sent before.
        keep: called now and then with what came so far.
    """
    healthy = seeds()
    with tempfile.TemporaryDirectory() as folder, _temporary(folder):
        path = Path(folder, "mutant")
        path.write_bytes(healthy["signed wav"])
        read(path, decode(path).source)  # each kind of reader keeps its helper and a socket to it
        read_credentials(path)
        before, memory, first = _left(), 0, found.done
        for number in range(first, count):
            name, data = numbered(healthy, found.seed, number)
            path.write_bytes(data)
            began = time.monotonic()
            kinds = found.by_seed.setdefault(name, Counter())
            ended, source = _decoded(path)
            kinds[ended] += 1
            if source is not None:
                found.tags += 1
                found.tags_unreadable += read(path, source).unreadable is not None
            if b"c2pa" in path.read_bytes():
                found.credentials += 1
                found.credentials_refused += not _credentials(path)
            found.slowest_s = max(found.slowest_s, time.monotonic() - began)
            found.done = number + 1
            if number == first + (count - first) // 100:
                memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if found.done % KEPT_EVERY == 0:
                keep(found)
        growth = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024
        found.growth_mib = max(found.growth_mib, growth)
        until = time.monotonic() + SETTLE_S  # a child that was killed takes a moment to go
        while (after := _left())[0] > before[0] and time.monotonic() < until:
            time.sleep(0.05)
        found.processes += after[0] - before[0]
        found.descriptors += after[1] - before[1]
        found.files += after[2] - before[2]
    keep(found)
    return found


def numbered(healthy: Mapping[str, bytes], seed: int, number: int) -> tuple[str, bytes]:
    """A mutant by its number, whatever was made before: what it was made of, and its bytes."""
    names, chance = sorted(healthy), random.Random(f"{seed}/{number}")
    name = names[number % len(names)]
    return name, mutant(healthy[name], healthy[chance.choice(names)], chance)


def _decoded(path: Path) -> tuple[str, Source | None]:
    try:
        return "decoded", decode(path, LIMITS).source
    except DecodeTimeout:
        return "timed out", None
    except AudioError as error:
        return "crashed" if "crashed" in str(error) else "refused", None


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
