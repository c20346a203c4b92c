"""What the shipped detector says of excerpts, computed once and kept under `runs/`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.clip import Clip
from core.errors import TrackmarkError
from detector.music.detector import MusicDetector
from lab.datasets import Recording

CACHE = Path("runs/music/judged")


@dataclass(frozen=True)
class Judged:
    """A finding, reduced to what the tables count.

    Attributes:
        verdict: of the detector.
        llr: log10 likelihood ratio; None where nothing could be measured.
        p_value: likewise.
        looks: how many looks were taken.
        objection: what else explains the comb, as the guards say; None for nothing.
    """

    verdict: str
    llr: float | None
    p_value: float | None
    looks: int
    objection: str | None


def judge(detector: MusicDetector, clip: Clip) -> Judged:
    """Judge one clip."""
    found = detector.score(clip)
    looks = [int(e.data["looks"]) for e in found.evidence if e.kind == "looks"]
    return Judged(found.verdict, found.llr, found.p_value, max(looks, default=1), found.held.objection)


def kept(path: Path) -> dict[str, Judged]:
    """Findings that a file holds, by recording; none where there is no file."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {str(row["file"]): Judged(**{k: v for k, v in row.items() if k != "file"}) for row in rows}


def judged(
    recordings: Sequence[Recording],
    delivery: str,
    delivered: Callable[[Recording], Clip],
    cache: Path = CACHE,
) -> dict[Path, Judged]:
    """Findings by file; what cannot be read is named and left out.

    Args:
        recordings: which.
        delivery: name of what was done to them; findings are kept by it.
        delivered: makes the copy that is judged.
        cache: folder of the findings, one file for each delivery.
    """
    detector = MusicDetector.load()
    path = cache / f"{delivery}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = kept(path)
    found = {}
    with path.open("a", encoding="utf-8") as file:
        for recording in recordings:
            name = f"{recording.path.parent.name}/{recording.path.name}"
            if name not in known:
                try:
                    known[name] = judge(detector, delivered(recording))
                except (TrackmarkError, ValueError) as error:
                    print(f"{name}: {error}", flush=True)
                    continue
                file.write(json.dumps({"file": name, **asdict(known[name])}) + "\n")
                file.flush()
            found[recording.path] = known[name]
    return found
