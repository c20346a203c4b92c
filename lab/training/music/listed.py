"""The larger list of music: its recordings as rows of the manifest, and ten seconds of each.

The list (`more.csv` of the collection) names public snapshots; its own script extracts them and writes
`more_local.csv` beside the files. It holds every recording of the manifest that may be used, whole.
"""

import csv
from pathlib import Path

import numpy as np
import torch

from core.clip import Clip, Source
from core.decode import stream
from core.files import replacing
from lab.datasets import Recording
from lab.training.music.copies import MOST_S

CACHE = Path("runs/music/excerpts")
LATEST_S = 30.0
"""Where an excerpt begins at the latest: beyond introductions, and nothing behind it has to be decoded."""
LEAST_S = 4.5


def listed(folder: Path) -> tuple[Recording, ...]:
    """All music under `folder`, in the list's order, without what is too short or to be avoided.

    Args:
        folder: holds `more_local.csv`.
    """
    with (folder / "more_local.csv").open(newline="", encoding="utf-8") as lines:
        rows = [r for r in csv.DictReader(lines) if r["kind"] != "voices" and r["use"] != "avoid"]
    return tuple(_row(folder, r) for r in rows if float(r["duration_s"] or 0) >= LEAST_S)


def _row(folder: Path, row: dict[str, str]) -> Recording:
    duration_s = float(row["duration_s"])
    return Recording(
        path=folder / row["file"],
        kind=row["kind"],
        label=row["label"],
        source=row["source"],
        generator=row["system"] or row["identity"],
        pair_id=row["pair_id"],
        licence=row["licence"],
        use=row["use"],
        origin=(row["repo"], row["commit"], row["path"]),
        start_s=min(max(0.0, (duration_s - MOST_S) / 2), LATEST_S),
        duration_s=duration_s,
        sample_rate=int(row["sample_rate"]),
        channels=int(row["channels"]),
        original_codec=row["codec"],
    )


def excerpt(recording: Recording, cache: Path = CACHE) -> Clip:
    """Ten seconds from the middle, or from `LATEST_S` on, in 16 bits; kept in the cache once decoded."""
    path = cache / recording.path.parent.name / f"{recording.path.stem}.npz"
    if not path.exists():
        wav, rate = _decoded(recording)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, wav=(wav.clamp(-1, 1) * 32767).round().to(torch.int16).numpy(), rate=rate)
    with np.load(path) as kept:
        wav, rate = torch.from_numpy(kept["wav"]).float() / 32767, int(kept["rate"])
    source = Source(recording.path.name, "", recording.path.stat().st_size, "", recording.original_codec)
    return Clip(wav, rate, source)


def _decoded(recording: Recording) -> tuple[torch.Tensor, int]:
    with stream(recording.path) as audio:
        first = round(recording.start_s * audio.sample_rate)
        last = first + round(MOST_S * audio.sample_rate)
        parts, heard = [], 0
        for block in audio.blocks:
            parts.append(block[:, max(0, first - heard) : last - heard])
            heard += block.shape[-1]
            if heard >= last:
                break
        return torch.cat(parts, 1)[:2], audio.sample_rate
