"""Train the network of one fold, or of none left out: `python -m lab.music_texture.train MORE --fold 0`.

Crops of five seconds of all renderings, drawn so that classes weigh alike and groups as the root of their
size. Each is shifted by up to four semitones and resampled in time by up to a fifth, loses some bands and
gets some noise, by one law for both classes. A snapshot is kept after every hundred steps; a second start
goes on from it.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.files import replacing
from lab.music_texture.network import PlaneNetwork, Shape
from lab.music_texture.planes import BANDS, Plane, chosen
from lab.music_texture.tables import Table, load
from lab.training.music.listed import listed

SNAPSHOTS = Path("runs/music/texture")
SEEN, CROP = 80, 248
"""Bands and frames that the network sees: the others leave room for shifts."""
BATCH, STEPS, RATE, DECAY = 32, 500, 3e-3, 0.02
KEPT_EVERY = 100
SMOOTHING = 0.05
ALL = -1
Rng = np.random.Generator


@dataclass(frozen=True)
class Drawn:
    """One batch: planes [B, SEEN, CROP] and truth [B]."""

    planes: Tensor
    truth: Tensor


def varied(some: Plane, rng: Rng) -> NDArray[np.float32]:
    """A random crop of a plane, shifted and resampled in time, [SEEN, CROP]."""
    low = int(rng.integers(BANDS - SEEN + 1))
    pace = float(np.exp(rng.uniform(-0.22, 0.22)))
    length = min(round(CROP * pace), some.shape[1])
    start = int(rng.integers(some.shape[1] - length + 1))
    part = some[low : low + SEEN, start : start + length].astype(np.float32)
    at = np.linspace(0, length - 1, CROP)
    left = np.minimum(at.astype(int), length - 2)
    share = (at - left).astype(np.float32)
    crop = part[:, left] * (1 - share) + part[:, left + 1] * share
    crop -= crop.mean(1, keepdims=True)
    if rng.random() < 0.5:
        first = int(rng.integers(SEEN))
        crop[first : first + int(rng.integers(4, 16))] = 0.0
    noise = rng.normal(0, 0.1, crop.shape)
    return np.asarray(crop * rng.uniform(0.8, 1.25) + noise, np.float32)


def drawn(table: Table, chances: NDArray[np.float64], rng: Rng) -> Drawn:
    """A random batch."""
    rows = rng.choice(len(chances), BATCH, p=chances)
    planes = np.stack([varied(table.planes[row], rng) for row in rows])
    return Drawn(torch.from_numpy(planes), torch.from_numpy(table.synthetic[rows].astype(np.float32)))


def train(
    table: Table, fold: int, folder: Path, steps: int = STEPS, kept_every: int = KEPT_EVERY
) -> PlaneNetwork:
    """Train on everything outside a fold, from the last snapshot on.

    Args:
        table: all renderings.
        fold: that is left out; `ALL` for none.
        folder: of snapshots.
        steps: in all.
        kept_every: steps from one snapshot to the next.
    """
    torch.manual_seed(fold + 1)
    network = PlaneNetwork(Shape())
    descent = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(descent, RATE, total_steps=steps)
    path = folder / f"fold{fold}.pt"
    done = 0
    if path.exists():
        kept = torch.load(path, weights_only=True)
        network.load_state_dict(kept["network"])
        descent.load_state_dict(kept["descent"])
        schedule.load_state_dict(kept["schedule"])
        done = int(kept["step"])
    rows = table.folds != fold
    chances = np.zeros(len(rows))
    chances[rows] = table.weights(rows) / table.weights(rows).sum()
    loss_of = nn.BCEWithLogitsLoss()
    began, losses = time.process_time(), []
    network.train()
    for step in range(done, steps):
        torch.manual_seed(steps * (fold + 1) + step)
        batch = drawn(table, chances, np.random.default_rng([fold + 1, step]))
        truth = batch.truth * (1 - 2 * SMOOTHING) + SMOOTHING
        loss = loss_of(network(batch.planes), truth)
        descent.zero_grad()
        loss.backward()
        descent.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if (step + 1) % kept_every == 0 or step + 1 == steps:
            state = {
                "network": network.state_dict(),
                "descent": descent.state_dict(),
                "schedule": schedule.state_dict(),
                "step": step + 1,
            }
            folder.mkdir(parents=True, exist_ok=True)
            with replacing(path) as part:
                torch.save(state, part)
            spent = time.process_time() - began
            print(
                f"fold {fold} step {step + 1} loss {np.mean(losses[-kept_every:]):.3f} cpu {spent:.0f} s",
                flush=True,
            )
    return network.eval()


def logits(network: PlaneNetwork, planes: Plane) -> NDArray[np.float64]:
    """Mean logit of three crops of each plane in the middle of the bands, [N]."""
    low = (BANDS - SEEN) // 2
    starts = np.linspace(0, planes.shape[2] - CROP, 3).astype(int)
    found = []
    with torch.inference_mode():
        for some in planes:
            crops = np.stack([some[low : low + SEEN, s : s + CROP] for s in starts]).astype(np.float32)
            crops -= crops.mean(2, keepdims=True)
            found.append(float(network(torch.from_numpy(crops)).mean()))
    return np.array(found)


def main() -> None:
    """Train one fold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("more", type=Path)
    parser.add_argument("--fold", type=int, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--snapshots", type=Path, default=SNAPSHOTS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train(load(chosen(listed(args.more))), args.fold, args.snapshots, args.steps)


if __name__ == "__main__":
    main()
