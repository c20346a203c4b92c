"""Fit and measure the estimate of how loud a voice is over its backing.

    python -m lab.training.voice.backing MORE docs/benchmarks/voice-backing.json --data ../shared/data

Windows of 2 s. It is fitted on voices of pages that do not judge, singing as often as speech, over open
instrumental music at -10 to 25 dB, a seventh alone, disturbed like the windows of vocal activity: a ridge
regression over what that network hears, of which nothing is trained. It is measured on people of the pages
that judge, over instrumentals of sources that nothing here was trained on, at known ratios.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.cards import Card, load, read, write
from detector.voice import activity
from detector.voice.activity import WINDOW_S
from detector.voice.backing import ALONE_DB, CARD, LEAST_DB, WITHIN, BackingLevel
from detector.voice.frontend import SAMPLE_RATE, spectrogram
from detector.voice.network import SpectralNetwork
from lab.datasets import read_manifest
from lab.training.voice.activity import INSTRUMENTAL, UNSEEN_INSTRUMENTAL, crop, disturb
from lab.training.voice.clips import Samples
from lab.training.voice.conditions import first
from lab.training.voice.listed import TEST_PAGES, Listed, chosen, listed, samples_of

LEVELS_DB: tuple[float | None, ...] = (-5.0, 0.0, 5.0, 10.0, 15.0, 20.0, None)
"""At which it is measured; None is a voice alone."""
_RIDGE, _ALONE, _MOST = 300.0, 0.15, 4.0
_FEW = (1, 15)
"""Clips of a system, and recordings, of a page."""
Floats = npt.NDArray[np.float64]
Pool = list[list[Samples]]


def window(voice: Samples, under: Samples, above_db: float | None, rng: np.random.Generator) -> Samples:
    """A random stretch of a voice over one of music, or alone, 2 s."""
    size = int(WINDOW_S * SAMPLE_RATE)
    over = crop(voice, size, rng)
    return over if above_db is None else over + crop(under, size, rng) * np.float32(10 ** (-above_db / 20))


def drawn(
    network: SpectralNetwork, voices: Sequence[Pool], under: Pool, count: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Windows to fit on: what the network hears, [N, D], and decibels, [N]; kinds of voices in turn."""

    def one(pool: Pool) -> Samples:
        shares = np.sqrt([len(group) for group in pool])
        group = pool[int(rng.choice(len(pool), p=shares / shares.sum()))]
        return group[int(rng.integers(len(group)))]

    target: list[float] = []
    heard: list[Floats] = []
    for number in range(count):
        alone = rng.random() < _ALONE
        above_db = None if alone else float(rng.uniform(LEAST_DB, ALONE_DB))
        mix = disturb(window(one(voices[number % len(voices)]), one(under), above_db, rng), rng)
        target.append(ALONE_DB if above_db is None else above_db)
        heard.append(heard_of(network, mix))
    return np.stack(heard), np.array(target)


def heard_of(network: SpectralNetwork, wav: Samples) -> Floats:
    """What the network hears in a window before it judges, [D]."""
    with torch.inference_mode():
        found: Floats = network.pooled(spectrogram(torch.from_numpy(wav)[None]))[0].double().numpy()
    return found


def fitted(heard: Floats, target: Floats) -> dict[str, Tensor]:
    """The numbers of `BackingLevel`: ridge regression on standardised inputs, clipped at four deviations."""
    mean, spread = heard.mean(0), heard.std(0) + 1e-4
    inputs = np.clip((heard - mean) / spread, -_MOST, _MOST)
    inputs -= (centre := inputs.mean(0))
    weight = np.linalg.solve(
        inputs.T @ inputs + _RIDGE * np.eye(len(mean)), inputs.T @ (target - target.mean())
    )
    values = {
        "low": mean - _MOST * spread,
        "high": mean + _MOST * spread,
        "mean": mean,
        "spread": spread,
        "weight": weight,
        "bias": np.array([target.mean() - centre @ weight]),
    }
    return {name: torch.tensor(value, dtype=torch.float32) for name, value in values.items()}


def figures(
    level: BackingLevel, heard: Floats, sung: npt.NDArray[np.bool_], target: Floats
) -> dict[str, Any]:
    """Error by known ratio, and of all windows."""
    found = level.above_db(torch.tensor(heard, dtype=torch.float32)).double().numpy()
    error = np.abs(found - target)
    by_level = {
        "alone" if above == ALONE_DB else f"{above:.0f} dB": {
            "windows": int((target == above).sum()),
            "told": round(float(np.median(found[target == above])), 1),
            "error": round(float(error[target == above].mean()), 1),
            "singing": round(float(error[(target == above) & sung].mean()), 1),
        }
        for above in sorted(set(target.tolist()))
    }
    return {
        "levels": by_level,
        "windows": len(target),
        "error": round(float(error.mean()), 2),
        "guessing": round(float(np.abs(target - np.median(target)).mean()), 2),
        WITHIN: round(float(np.quantile(error, 0.9)), 1),
        "correlation": round(float(np.corrcoef(found, target)[0, 1]), 2),
    }


def card(clips: int) -> Card:
    """What the weights are; the error is added when it was measured."""
    return Card(
        name="voice-backing",
        version="1",
        file="",
        sha256="",
        licence="LicenseRef-research-recordings: fitted mostly on demo pages without a stated licence",
        data=f"{clips} windows of 2 s: voices of the pages that train and choose, and open ones, over open "
        "game and netlabel instrumentals (CC0, CC-BY, CC-BY-SA), -10 to 25 dB and alone",
        commit="uncommitted",
        trained_at=time.strftime("%Y-%m-%d"),
        metrics={},
        config={"activity_sha256": read(Path(activity.__file__).with_name("activity.toml")).sha256},
        notes="An estimate of one window, drawn to the middle: see docs/benchmarks/voice.md.",
    )


def grouped(clips: Sequence[Listed]) -> Pool:
    """Samples of at least a second by page."""
    found: dict[str, list[Samples]] = {}
    for clip in clips:
        if len(wav := samples_of(clip.wav())) >= SAMPLE_RATE:
            found.setdefault(clip.page, []).append(wav)
    return list(found.values())


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, measure, write weights, card and results."""
    parser = argparse.ArgumentParser(description="fit the estimate of a voice's level over its backing")
    parser.add_argument("more", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--windows", type=int, default=5000)
    parser.add_argument("--card", type=Path, default=CARD)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    network, rng = activity.trained()[0], np.random.default_rng(5)
    clips, music = listed(options.more), [r for r in read_manifest(options.data) if r.kind == "human_music"]
    training = chosen([clip for clip in clips if clip.page not in TEST_PAGES], *_FEW)
    judges = chosen([clip for clip in clips if clip.page in TEST_PAGES and not clip.synthetic], 0, _FEW[1])
    under = [r for r in music if r.use == "open" and r.source in INSTRUMENTAL and r.duration_s < 30]
    unseen = [first(r).numpy() for r in music if r.source in UNSEEN_INSTRUMENTAL]
    pools = [grouped([clip for clip in training if clip.sung is sung]) for sung in (True, False)]
    backings = {source: [first(r).numpy() for r in under if r.source == source] for source in INSTRUMENTAL}
    heard, target = drawn(network, pools, [pool for pool in backings.values() if pool], options.windows, rng)
    tensors = fitted(heard, target)
    level = BackingLevel(**tensors, within_db=0.0)
    trials = [
        (window(samples_of(clip.wav()), unseen[int(rng.integers(len(unseen)))], above, rng), clip.sung, above)
        for above in LEVELS_DB
        for clip in judges
    ]
    told = figures(
        level,
        np.stack([heard_of(network, mix) for mix, *_ in trials]),
        np.array([sung for _, sung, _ in trials]),
        np.array([ALONE_DB if above is None else above for *_, above in trials]),
    )
    record(told, tensors, len(target), options.card, options.results)


def record(told: dict[str, Any], tensors: dict[str, Tensor], count: int, place: Path, results: Path) -> None:
    """Write weights, card and results."""
    metrics = {name: float(told[name]) for name in (WITHIN, "error", "guessing")}
    write(Card(**{**vars(card(count)), "metrics": metrics}), tensors, place)
    load(place)
    results.write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
