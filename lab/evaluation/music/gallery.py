"""The failures of the music detector, named one by one, the worst with their exhibit as a picture.

Which recordings fail is decided by held-out scores; the pictures are drawn by the shipped detector, whose
weights have seen the human ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.decode import decode
from detector.music import MusicDetector, picture
from lab.datasets import Recording
from lab.training.music.copies import path_of, read

if TYPE_CHECKING:
    from lab.evaluation.music.__main__ import Scored

LISTED = 40
PICTURES = 4
"""Pictures per kind of failure."""


def section(native: Scored, page: Path) -> str:
    """The section as Markdown; its pictures are written into a folder beside the page.

    Args:
        native: held-out scores.
        page: where the benchmark page goes; the folder is named after it.
    """
    folder = page.with_name(f"{page.stem}-failures")
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    human, ai = native.labelled("human"), native.labelled("ai")
    flagged = human.where(human.flagged)
    missed = ai.where(ai.no_trace)
    detector = MusicDetector.load()
    parts = ["\n## Failures, native\n"]
    for title, some, order, name in (
        ("Human music that would be flagged", flagged, np.argsort(-flagged.raw, kind="stable"), "flagged"),
        (
            "Generated music that would be taken for human",
            missed,
            np.argsort(missed.raw, kind="stable"),
            "missed",
        ),
    ):
        parts.append(f"{title}: {some.raw.size}.\n")
        for k in order[:PICTURES]:
            file = folder / f"{name}-{some.recordings[k].path.stem}.svg"
            file.write_text(picture(detector.score(decode(some.recordings[k].path))), encoding="utf-8")
            parts.append(f"![{_name(some.recordings[k])}]({folder.name}/{file.name})")
        rows = [
            f"| `{_name(some.recordings[k])}` | {some.recordings[k].generator} "
            f"| {_spacing(some.recordings[k])} | {some.comb[k]:.1f} | {some.raw[k]:.2f} "
            f"| {some.llr[k]:.2f} | {some.p_value[k]:.3f} |"
            for k in order[:LISTED]
        ]
        head = "| recording | generator | open search found | best known comb | score | log10 LR | p |"
        parts.append("\n" + "\n".join([head, "|---|---|---|---|---|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def _name(recording: Recording) -> str:
    return f"{recording.path.parent.name}/{recording.path.name}"


def _spacing(recording: Recording) -> str:
    return f"{read(path_of(recording, 'native')).spacing_hz:.2f} Hz"
