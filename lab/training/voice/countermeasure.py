"""Train the synthetic-voice classifier and calibrate it on systems it was not trained on.

    python -m lab.training.voice.countermeasure --data ../shared/data

Every clip, human or synthetic, passes the same chain (16 kHz mono, one level, MP3/AAC/Opus at random
rates, instrumental music underneath at random levels). The collection's open voices also appear as
copy synthesis. A source (demo page or corpus) is left out together with every recording of the
speakers heard in it; the calibration is fitted on those left-out scores only.
"""

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression

from core.cards import Card, write
from core.codecs import Codec
from core.encode import recode
from detector.voice import countermeasure
from detector.voice.countermeasure import Countermeasure, Weights
from detector.voice.frontend import SAMPLE_RATE
from detector.voice.lines import contrasts_of_lines, strongest
from lab.sound.vocoders import METHODS
from lab.training.voice.activity import INSTRUMENTAL
from lab.training.voice.clips import CACHE, Samples, Voice, music, samples, voices

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
CONTRASTS = CACHE.with_name("lines.npz")
CODECS: tuple[tuple[Codec, int], ...] = (
    ("mp3", 64000),
    ("mp3", 128000),
    ("aac", 64000),
    ("aac", 96000),
    ("opus", 32000),
    ("opus", 64000),
)
STRENGTH = 0.01
_LEVEL = 0.06


@dataclass(frozen=True)
class Table:
    """Line contrasts of every variant of every clip.

    Attributes:
        values: [n, COUNT].
        voice: the clip each row was made from.
        method: copy-synthesis method, or `""`.
        variant: `0`, codec and rate, or `mix` and SNR.
    """

    values: Floats
    voice: list[Voice]
    method: list[str]
    variant: list[str]

    @property
    def synthetic(self) -> Flags:
        """Whether each row is synthetic."""
        return np.array([v.synthetic or bool(m) for v, m in zip(self.voice, self.method, strict=True)])


def level(wav: Samples) -> Samples:
    """Scale to RMS 0.06, as `frontend.mono` does."""
    return (wav * (_LEVEL / max(1e-4, float(np.sqrt(np.mean(wav**2)))))).astype(np.float32)


def measure(wav: Samples) -> npt.NDArray[np.float32]:
    """Line contrasts of a whole clip (at most 5 s)."""
    found: npt.NDArray[np.float32] = contrasts_of_lines(
        torch.from_numpy(level(wav[: 5 * SAMPLE_RATE]))
    ).numpy()
    return found


def mixed(wav: Samples, backing: Samples, snr_db: float) -> Samples:
    """Lay instrumental music under a voice."""
    under = level(np.resize(backing, len(wav)))
    return level(wav) + under * np.float32(10 ** (-snr_db / 20))


def recoded(wav: Samples, codec: Codec, bit_rate: int) -> Samples:
    """Through a real codec, in time with the input."""
    out: Samples = recode(torch.from_numpy(level(wav))[None], SAMPLE_RATE, codec=codec, bit_rate=bit_rate)[
        0
    ].numpy()
    return out


def backings(audio: dict[str, Samples], manifest: Path) -> list[Samples]:
    """Open instrumental music to lay under voices."""
    return [
        audio[row["file"]]
        for row in music(manifest)
        if row["use"] == "open" and row["source"] in INSTRUMENTAL and float(row["duration_s"]) < 30
    ]


def build(
    clips: list[Voice], audio: dict[str, Samples], under: list[Samples], cache: Path = CONTRASTS
) -> None:
    """Measure every variant that is not yet in the cache."""
    stored: dict[str, npt.NDArray[np.float32]] = {}
    if cache.exists():
        with np.load(cache) as old:
            stored = dict(zip(old["names"].tolist(), old["values"], strict=True))
    complete = len(stored)
    for clip in clips:
        made: dict[str, Samples] = {clip.file: audio[clip.file]}
        for number, (name, method) in enumerate(METHODS.items()):
            key = f"{name}|{clip.file}"
            if clip.open and not clip.synthetic and f"{key}#0" not in stored:
                rng = np.random.default_rng(
                    [number, len(clip.file), int(clip.file[-15:-5], 16) if "." in clip.file else 0]
                )
                made[key] = method(audio[clip.file][: 5 * SAMPLE_RATE], SAMPLE_RATE, rng)
        for key, wav in made.items():
            rng = np.random.default_rng(list(key.encode()))
            if f"{key}#0" not in stored:
                stored[f"{key}#0"] = measure(wav)
                for which in rng.choice(len(CODECS), 2, replace=False):
                    codec, rate = CODECS[which]
                    stored[f"{key}#{codec}{rate // 1000}"] = measure(
                        recoded(wav[: 5 * SAMPLE_RATE], codec, rate)
                    )
            if "|" not in key and under and f"{key}#mix" not in stored:
                backing = under[int(rng.integers(len(under)))]
                stored[f"{key}#mix"] = measure(
                    mixed(wav[: 5 * SAMPLE_RATE], backing, float(rng.uniform(0, 20)))
                )
    if len(stored) > complete:
        names = sorted(stored)
        np.savez(cache, names=np.array(names), values=np.stack([stored[name] for name in names]))


def table(clips: list[Voice], cache: Path = CONTRASTS) -> Table:
    """Read the measured contrasts."""
    by_file = {clip.file: clip for clip in clips}
    with np.load(cache) as stored:
        rows = [
            (name, row)
            for name, row in zip(stored["names"].tolist(), stored["values"], strict=True)
            if name.split("#")[0].split("|")[-1] in by_file
        ]
    keys = [name.rsplit("#", 1) for name, _ in rows]
    return Table(
        values=strongest(torch.from_numpy(np.stack([row for _, row in rows]))).double().numpy(),
        voice=[by_file[key.split("|")[-1]] for key, _ in keys],
        method=[key.split("|")[0] if "|" in key else "" for key, _ in keys],
        variant=[variant for _, variant in keys],
    )


def fit(rows: Table, chosen: Flags, strength: float = STRENGTH) -> Weights:
    """Fit on the chosen rows; classes weigh the same, and systems by the root of their size."""
    index = np.flatnonzero(chosen)
    target = rows.synthetic[index]
    groups = [f"{rows.voice[i].source} {rows.method[i] or rows.voice[i].system}" for i in index]
    sizes = Counter(groups)
    weights = np.array([sizes[group] ** -0.5 for group in groups])
    for side in (True, False):
        weights[target == side] /= weights[target == side].sum()
    values = rows.values[index]
    low, high = np.percentile(values, [0.5, 99.5], axis=0)
    values = np.clip(values, low, high)
    mean, spread = values.mean(0), values.std(0) + 1e-6
    model = LogisticRegression(C=strength, solver="newton-cholesky")
    model.fit((values - mean) / spread, target, sample_weight=weights * len(index))
    tensors = {
        "low": low,
        "high": high,
        "mean": mean,
        "spread": spread,
        "weight": model.coef_[0],
        "bias": model.intercept_,
    }
    return Weights(
        **{name: torch.tensor(np.asarray(value), dtype=torch.float32) for name, value in tensors.items()},
        calibration=torch.tensor([1.0, 0.0]),
    )


def left_out(rows: Table, *, research: bool, copies: bool = True) -> Floats:
    """Logit of every original row by a model that knows neither its source nor its speakers.

    Args:
        rows: all clips.
        research: train also on research-only recordings (of other sources).
        copies: train also on copy synthesis.
    """
    sources = np.array([voice.source for voice in rows.voice])
    speakers = np.array([voice.speaker for voice in rows.voice])
    usable = np.array([voice.open or research for voice in rows.voice])
    original = np.array([not method for method in rows.method])
    logits = np.full(len(sources), np.nan)
    for source in sorted(set(sources)):
        here = sources == source
        people = set(speakers[here & original].tolist()) - {""}
        train = usable & ~here & ~np.isin(speakers, list(people)) & (original | copies)
        model = Countermeasure(fit(rows, train))
        chosen = here & original
        logits[chosen] = model.logits(torch.tensor(rows.values[chosen], dtype=torch.float32)).numpy()
    return logits


def calibrate(rows: Table, logits: Floats) -> tuple[float, float]:
    """Slope and offset from left-out logits to natural log-likelihood ratios; sources weigh the same."""
    known = np.flatnonzero(~np.isnan(logits))
    target = rows.synthetic[known]
    groups = [f"{rows.voice[i].source} {rows.synthetic[i]}" for i in known]
    sizes = Counter(groups)
    weights = np.array([sizes[group] ** -0.5 for group in groups])
    for side in (True, False):
        weights[target == side] /= weights[target == side].sum()
    model = LogisticRegression(C=1e4)
    model.fit(logits[known][:, None], target, sample_weight=weights * len(known))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def main() -> None:
    """Measure, fit, calibrate, and write weights and card."""
    parser = argparse.ArgumentParser(description="train the synthetic-voice classifier")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--commit", default="uncommitted")
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = voices(options.data / "manifest.csv")
    audio = samples(options.data)
    build(clips, audio, backings(audio, options.data / "manifest.csv"))
    rows = table(clips)
    scale, offset = calibrate(rows, left_out(rows, research=False))
    weights = fit(rows, np.array([voice.open for voice in rows.voice]))
    tensors = {name: getattr(weights, name) for name in Weights.__dataclass_fields__}
    tensors["calibration"] = torch.tensor([scale, offset])
    card = Card(
        name="voice-countermeasure",
        version="1",
        file="",
        sha256="",
        licence="MIT",
        data="weights: open voices (CC0, CC-BY, MIT, public domain) and their copy synthesis. The two "
        "calibration numbers are fitted on left-out scores that include research-only demo pages",
        commit=options.commit,
        trained_at=time.strftime("%Y-%m-%d"),
        config={"strength": STRENGTH, "clips": len(clips), "window_s": countermeasure.WINDOW_S},
        notes="Hears lines of deconvolution decoders only. Griffin-Lim, LPC, WORLD and line-free decoders "
        "pass as human: see docs/benchmarks/voice.md before relying on it.",
    )
    print(scale, offset, write(card, tensors, Path(countermeasure.__file__).with_name("countermeasure.toml")))


if __name__ == "__main__":
    main()
