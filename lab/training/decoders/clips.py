"""Human music that lab models may learn from, at rates that the watermark's hosts do not have."""

from pathlib import Path

from torch import Tensor

from core.resample import resample
from lab.datasets import Recording, fold_of, read_manifest

TEST_FOLD, FOLDS = 1, 4
MOST_S = 12.0
"""What is taken of a recording: many short cuts teach more than few long ones."""


def trains(recording: Recording) -> bool:
    """Whether a lab model may learn from a recording: open human music of three quarters of the sources."""
    return (
        recording.kind == "human_music"  # voices of people are labelled human, too
        and recording.label == "human"
        and recording.use == "open"
        and fold_of(recording.source, FOLDS) != TEST_FOLD
    )


def open_music(data: Path | None, rate: int) -> list[Tensor]:
    """Open human music that was published at `rate` or above, mono, each [T], half precision."""
    clips = []
    for recording in read_manifest(data):
        if trains(recording) and recording.sample_rate >= rate and recording.duration_s > 2.0:
            clip = recording.load()
            wav = clip.wav[:, : round(MOST_S * clip.sample_rate)].mean(0)
            clips.append(resample(wav, clip.sample_rate, rate).half())
    return clips
