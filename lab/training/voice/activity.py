"""Train the vocal-activity network.

    python -m lab.training.voice.activity --data ../shared/data

A window is `voice` when an open recording of a voice (or a resynthesised one: synthetic singing is
singing) is laid over instrumental music at -6 to 20 dB or stands alone; it is `no voice` when it is
instrumental human music or a generated tone, buzz or noise, with disturbances drawn alike for both.
Game soundtracks and instrumental stems serve as instrumental music; songs are kept for the evaluation.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from core.cards import Card, load, write
from detector.voice import activity
from detector.voice.frontend import SAMPLE_RATE, spectrogram
from detector.voice.network import NetworkConfig, SpectralNetwork
from lab.training.voice.clips import Samples, music, samples, voices

INSTRUMENTAL = (
    "game-astromenace", "game-lincity", "game-lugaru", "game-opendungeons", "game-opensurge",
    "game-pixelwheels",
    "game-redeclipse", "game-shattered-pd", "game-tsc", "game-tuxemon", "game-valyriatear",
    "game-warzone2100-music", "synctoolbox-classical", "tandemonium-macleod", "waveform-playlist-stems",
    "mdn-webaudio", "clue-cards-cc0", "gamejam-j-jorge-asgp", "gamejam-jjhaggar-ninja-trials",
)  # fmt: skip
UNSEEN_INSTRUMENTAL = (
    "jamendo-jazz-excerpts",
    "mt-musicldm-demo",
    "msdm-demo",
    "game-zsdx",
    "game-assaultcube",
)
"""Research-only instrumental recordings: vocal activity was trained on none of these sources."""


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        steps: optimiser steps.
        batch: windows per step, half of each class.
        rate: peak learning rate.
        seed: of every random draw.
    """

    steps: int = 300
    batch: int = 24
    rate: float = 3e-3
    seed: int = 1


def crop(wav: Samples, size: int, rng: np.random.Generator) -> Samples:
    """A random stretch, repeated where the clip is too short, at RMS 0.06."""
    if len(wav) < size:
        wav = np.tile(wav, -(-size // len(wav)))
    start = int(rng.integers(0, len(wav) - size + 1))
    cut = wav[start : start + size]
    return (cut * (0.06 / max(1e-4, float(np.sqrt(np.mean(cut**2)))))).astype(np.float32)


def disturb(wav: Samples, rng: np.random.Generator) -> Samples:
    """Random smooth equaliser (3 dB per node) and, more often than not, noise 25-60 dB below."""
    spectrum = np.fft.rfft(wav)
    axis = np.linspace(0, 1, len(spectrum))
    gain_db = np.interp(axis, np.linspace(0, 1, 6), rng.normal(0, 3, 6))
    out = np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(wav))
    if rng.random() < 0.6:
        level = float(np.sqrt(np.mean(out**2)))
        out = out + rng.standard_normal(len(out)) * level * 10 ** (-rng.uniform(25, 60) / 20)
    return out.astype(np.float32)


def signal(size: int, rng: np.random.Generator) -> Samples:
    """A sound that nobody sang: a tone, a static or gliding buzz, coloured noise, or clicks."""
    t = np.arange(size) / SAMPLE_RATE
    kind = int(rng.integers(4))
    if kind < 2:
        base, glide = 2 ** rng.uniform(5.5, 11), rng.choice([0.0, 0.0, rng.uniform(-1, 1)])
        phase = 2 * np.pi * np.cumsum(base * 2 ** (glide * t)) / SAMPLE_RATE
        partials = 1 if kind == 0 else int(rng.integers(2, 20))
        out = sum(
            np.sin(k * phase) / k ** rng.uniform(0.5, 2) for k in range(1, partials + 1) if k * base < 7500
        )
    elif kind == 2:
        spectrum = np.fft.rfft(rng.standard_normal(size))
        out = np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** rng.uniform(0, 1), size)
    else:
        period = int(SAMPLE_RATE / 2 ** rng.uniform(0, 7))
        out = np.convolve((np.arange(size) % period == 0).astype(float), np.exp(-np.arange(800) / 100.0))[
            :size
        ]
    wav = np.asarray(out, dtype=np.float32) + np.float32(1e-5) * rng.standard_normal(size).astype(np.float32)
    return crop(wav, size, rng)


def window(voice: Samples | None, backing: Samples, rng: np.random.Generator) -> Samples:
    """One training window: a voice (alone in a third of the cases) over music, or music alone."""
    size = int(activity.WINDOW_S * SAMPLE_RATE)
    under = crop(backing, size, rng)
    if voice is None:
        return disturb(signal(size, rng) if rng.random() < 0.15 else under, rng)
    over = crop(voice, size, rng)
    if rng.random() < 0.33:
        return disturb(over, rng)
    return disturb(over + under * np.float32(10 ** (-rng.uniform(-6, 20) / 20)), rng)


def train(
    voice_pool: list[list[Samples]],
    music_pool: list[list[Samples]],
    plan: Plan,
    start: dict[str, torch.Tensor] | None = None,
) -> SpectralNetwork:
    """Fit the network.

    Args:
        voice_pool: voices grouped by source.
        music_pool: instrumental recordings grouped by source.
        plan: see `Plan`.
        start: parameters to go on from; None starts afresh.
    """
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    network = SpectralNetwork(NetworkConfig())
    if start is not None:
        network.load_state_dict(start, strict=True)
    optimiser = torch.optim.AdamW(network.parameters(), plan.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, plan.rate, total_steps=max(2, plan.steps))
    started, running = time.monotonic(), 0.7

    def draw(pool: list[list[Samples]]) -> Samples:
        weights = np.sqrt([len(group) for group in pool])
        group = pool[int(rng.choice(len(pool), p=weights / weights.sum()))]
        return group[int(rng.integers(len(group)))]

    for step in range(plan.steps):
        waves = [
            window(draw(voice_pool) if n % 2 else None, draw(music_pool), rng) for n in range(plan.batch)
        ]
        target = torch.tensor([float(n % 2) for n in range(plan.batch)])
        logits = network(spectrogram(torch.from_numpy(np.stack(waves))))
        loss = binary_cross_entropy_with_logits(logits, target)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        running = 0.97 * running + 0.03 * float(loss.detach())
        if step % 25 == 24:
            print(f"step {step + 1} loss {running:.3f} {time.monotonic() - started:.0f} s", flush=True)
    network.eval()
    return network


def grouped(pairs: list[tuple[str, Samples]]) -> list[list[Samples]]:
    """Group clips by source."""
    by_source: dict[str, list[Samples]] = {}
    for source, wav in pairs:
        by_source.setdefault(source, []).append(wav)
    return list(by_source.values())


def main() -> None:
    """Train on the collection and write weights and card."""
    parser = argparse.ArgumentParser(description="train the vocal-activity network")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--steps", type=int, default=Plan.steps)
    parser.add_argument("--rate", type=float, default=Plan.rate)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--resume", action="store_true", help="go on from the shipped weights")
    parser.add_argument("--commit", default="uncommitted")
    options = parser.parse_args()
    torch.set_num_threads(1)
    audio = samples(options.data)
    manifest = options.data / "manifest.csv"
    heard = grouped([(v.source, audio[v.file]) for v in voices(manifest) if v.open])
    backing = grouped(
        [
            (row["source"], audio[row["file"]])
            for row in music(manifest)
            if row["use"] == "open" and row["source"] in INSTRUMENTAL and float(row["duration_s"]) < 30
        ]
    )
    card_path = Path(activity.__file__).with_name("activity.toml")
    start, before = None, 0
    if options.resume:
        old, start = load(card_path)
        start.pop("calibration")
        before = int(old.config["steps"])
    network = train(heard, backing, Plan(options.steps, rate=options.rate, seed=options.seed), start)
    tensors = network.state_dict() | {"calibration": torch.tensor([1.0, 0.0])}
    card = Card(
        name="voice-activity",
        version="1",
        file="",
        sha256="",
        licence="MIT",
        data="open voices (LibriSpeech, TSP, LJSpeech, Freesound and the MIT-licensed copies of them) over "
        "open game and netlabel instrumentals (CC0, CC-BY, CC-BY-SA)",
        commit=options.commit,
        trained_at=time.strftime("%Y-%m-%d"),
        config={"steps": before + options.steps, "seed": options.seed, "window_s": activity.WINDOW_S},
        notes="Choirs, vocoders, and wind or string solos with vibrato are the usual confusions.",
    )
    print(write(card, tensors, card_path))


if __name__ == "__main__":
    main()
