"""Measure the listed voices once, page by page and condition by condition, into a git-ignored folder.

    python -m lab.training.voice.measured MORE --data ../shared/data

`MORE` is where the list's script extracted the recordings. What is there already is not measured again, so
the run can be stopped at any time. Training and benchmarks read the tables from there.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.errors import TrackmarkError
from core.files import replacing
from detector.voice.encoder import Ge2eEncoder
from detector.voice.frontend import SAMPLE_RATE
from detector.voice.identity import centre
from detector.voice.quality import SpeechQuality
from detector.voice.synthesis import measure
from lab.training.voice import conditions
from lab.training.voice.listed import (
    CHOOSING_PAGES,
    MANY,
    TEST_PAGES,
    TRAINING,
    Listed,
    chosen,
    listed,
    samples_of,
)

TABLES = Path("runs/voice/measured")
IN_TRAINING = ("as published", "at random")
"""Each clip of a training page is heard in both."""
Floats = npt.NDArray[np.float32]
Names = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """A table of measured clips.

    Attributes:
        inputs: of the synthetic-voice score, as `detector.voice.synthesis.measure` gives them, [N, D].
        voice: centre of the speaker encoder's embeddings, [N, 256].
        facts: level as published, energy above 7 kHz, floor, seconds, [N, 4].
        page: [N].
        system: [N].
        person: [N].
        synthetic: [N] bool.
        sung: [N] bool.
        open: [N] bool.
    """

    inputs: Floats
    voice: Floats
    facts: Floats
    page: Names
    system: Names
    person: Names
    synthetic: Flags
    sung: Flags
    open: Flags

    def only(self, rows: Flags) -> "Measured":
        """The chosen rows."""
        return Measured(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


def _row(wav: torch.Tensor, encoder: Ge2eEncoder, quality: SpeechQuality) -> tuple[Floats, ...]:
    wav = torch.from_numpy(samples_of(wav))
    with torch.inference_mode():
        inputs = measure(quality, wav[None])[0].numpy()
        voice = centre(encoder.embed(wav)).numpy()
    return inputs, voice, _facts(wav)


def _facts(wav: torch.Tensor) -> Floats:
    power = torch.fft.rfft(wav).abs().square()
    hertz = torch.fft.rfftfreq(wav.numel(), 1 / SAMPLE_RATE)
    short = wav[: wav.numel() // 400 * 400].reshape(-1, 400).square().mean(1)
    lead = int((wav.abs() > 0.01).int().argmax())
    high = float(torch.log10(power[hertz > 7000].sum() / power.sum() + 1e-9))
    floor = float(torch.log10(short.quantile(0.05) + 1e-9))
    return np.array([lead / SAMPLE_RATE, high, floor, wav.numel() / SAMPLE_RATE], np.float32)


def _file(page: str, condition: str, folder: Path) -> Path:
    return folder / condition.replace(" ", "-").replace(",", "").replace("/", "-") / f"{page}.npz"


def build(clips: list[Listed], condition: str, backing: list[torch.Tensor], folder: Path = TABLES) -> None:
    """Measure pages that are not there yet."""

    def heard(clip: Listed) -> torch.Tensor:
        return conditions.under(condition, clip.wav(), clip.seed(), backing)

    tabled(clips, condition, heard, folder)


def tabled(
    clips: list[Listed], condition: str, changed: Callable[[Listed], torch.Tensor], folder: Path = TABLES
) -> None:
    """Measure pages that are not there yet, each clip as `changed` makes it, [T] at 16 kHz."""
    encoder, quality = Ge2eEncoder.load(), SpeechQuality.load()
    for page in sorted({clip.page for clip in clips}):
        target = _file(page, condition, folder)
        if target.exists():
            continue
        here = [clip for clip in clips if clip.page == page]
        heard, rows = [], []
        for clip in here:
            try:
                rows.append(_row(changed(clip), encoder, quality))
                heard.append(clip)
            except TrackmarkError as error:
                print(f"left out: {clip.path.name}: {error}")
        columns = dict(
            zip(
                ("inputs", "voice", "facts"),
                map(np.stack, zip(*rows, strict=True)),
                strict=True,
            )
        )
        told = {
            n: np.array([getattr(c, n) for c in heard])
            for n in ("page", "system", "person", "synthetic", "sung", "open")
        }
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part, part.open("wb") as file:
            np.savez(file, **columns, **told)  # type: ignore[arg-type]  # numpy's stub takes keywords for flags
        print(f"{condition}: {page}: {len(heard)}", flush=True)


def kept(condition: str, folder: Path = TABLES) -> bool:
    """Whether pages were measured in a condition."""
    return any(_file("x", condition, folder).parent.glob("*.npz"))


def read(condition: str, pages: Iterable[str] | None = None, folder: Path = TABLES) -> Measured:
    """The tables of a condition, all pages or those named."""
    files = sorted(_file("x", condition, folder).parent.glob("*.npz"))
    if pages is not None:
        files = [file for file in files if file.stem in set(pages)]
    tables = []
    for file in files:
        with np.load(file) as stored:
            tables.append(Measured(**{name: stored[name] for name in stored.files}))
    return joined(tables)


def joined(tables: Sequence[Measured]) -> Measured:
    """Several tables as one."""
    names = Measured.__dataclass_fields__
    return Measured(**{name: np.concatenate([getattr(table, name) for table in tables]) for name in names})


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure pages that judge as published and under conditions, the others through the random chain."""
    parser = argparse.ArgumentParser(description="measure the listed voices")
    parser.add_argument("more", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    clips = listed(options.more)
    backing = conditions.backings(options.data)
    judges = TEST_PAGES | CHOOSING_PAGES
    judged = chosen([clip for clip in clips if clip.page in judges], *MANY)
    training = chosen([clip for clip in clips if clip.page not in judges], *TRAINING)
    build(judged, "as published", backing)
    for condition in IN_TRAINING:
        build(training, condition, backing)
    for condition in conditions.CARRIERS:
        build(judged, condition, backing)
    for condition in conditions.EFFECTS:
        build([clip for clip in judged if not clip.synthetic], condition, backing)


if __name__ == "__main__":
    main()
