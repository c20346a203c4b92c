"""Train the texture network on pairs: human music, and the same music as a machine would have rendered it.

No generated recording takes part: every generator of the data set is one that the network never saw. The
loss asks for the right side of zero and, within a pair, for the rendered copy above its original, so that
nothing is gained by knowing the music. A second output says whether tempo or pitch was changed, which
destroys the clocks that the comb looks for. A run that is stopped goes on where it was.

Run with: python -m lab.texture_network.train --minutes 40 (after lab.training.music_network_data)
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import cos, inf, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from core.files import replacing
from lab.metrics import auc
from lab.sound.tempo import scaled
from lab.texture_network.network import RATE, Answer, Shape, TextureNetwork
from lab.texture_network.pairs import FAMILIES, FOLDER

CROP = round(2.0 * RATE)
LONGER = round(2.4 * RATE)
"""What a crop is made of whose tempo is raised by up to 15 %."""
SCALED_HERE = 0.25
SNAPSHOT = FOLDER / "snapshot.pt"
HELD_OUT = 3
"""Files at the end that only validate."""
MIXED = 0.25
"""Share of pairs with other human music under both members: hybrids."""
PAIR_WEIGHT, FAMILY_WEIGHT, SCALED_WEIGHT = 0.5, 0.2, 1.0
SAVE_EVERY_S = 120.0


@dataclass(frozen=True)
class Pairs:
    """Audio of pairs, 16 bit.

    Attributes:
        audio: human and rendered member, [P, 2, T].
        family: index of what rendered the second, [P].
        scaled: whether tempo or pitch of the members was changed, [P, 2].
    """

    audio: NDArray[np.int16]
    family: NDArray[np.int64]
    scaled: NDArray[np.bool_]

    def crops(self, chosen: NDArray[np.int64], rng: np.random.Generator, again: float = 0.0) -> "Crops":
        """A batch; some pairs have other human music under both members.

        Args:
            chosen: numbers of the pairs.
            rng: source of every choice.
            again: share of the pairs whose tempo or pitch is changed here, after their delivery.
        """
        rows, alone, truth = [], rng.random(len(chosen)) >= MIXED, self.scaled[chosen]
        for number, (index, pure) in enumerate(zip(chosen, alone, strict=True)):
            both = self._cut(int(index), rng)
            if rng.random() < again:
                both, truth[number] = self._scaled(int(index), rng), True
            if not pure:
                under = self._cut(int(rng.integers(len(self.audio))), rng)[:1]
                both = both + under * float(10 ** (rng.uniform(-12, 3) / 20))
            rows.append(both)
        audio = torch.from_numpy(np.stack(rows)).float() / 32768
        return Crops(
            audio.transpose(0, 1).reshape(-1, CROP),
            torch.from_numpy(self.family[chosen]),
            torch.from_numpy(truth.T.reshape(-1).astype(np.float32)),
            torch.from_numpy(np.tile(alone, 2)),
        )

    def _cut(self, index: int, rng: np.random.Generator) -> NDArray[np.float32]:
        start = int(rng.integers(self.audio.shape[-1] - CROP + 1))
        return self.audio[index, :, start : start + CROP].astype(np.float32)

    def _scaled(self, index: int, rng: np.random.Generator) -> NDArray[np.float32]:
        start = int(rng.integers(self.audio.shape[-1] - LONGER + 1))
        seed, rows = int(rng.integers(2**32)), []
        for member in self.audio[index, :, start : start + LONGER].astype(np.float32) / 32768:
            rows.append(scaled(member, RATE, np.random.default_rng(seed))[:CROP])
        return 32768 * np.stack(rows)


@dataclass(frozen=True)
class Crops:
    """A batch of pairs, the human members first.

    Attributes:
        audio: [2 P, `CROP`].
        family: of the rendered members, [P].
        scaled: 1 where tempo or pitch was changed, [2 P].
        alone: whether no other music is under a crop, which may not be scaled as it is, [2 P].
    """

    audio: Tensor
    family: Tensor
    scaled: Tensor
    alone: Tensor


def read(paths: Sequence[Path]) -> Pairs:
    """Pairs of several files."""
    audio, family, scaled = [], [], []
    for path in paths:
        with np.load(path) as stored:
            audio.append(stored["audio"])
            family.append(stored["family"])
            scaled.append(stored["scaled"])
    return Pairs(np.concatenate(audio), np.concatenate(family).astype(np.int64), np.concatenate(scaled))


def loss_of(answer: Answer, crops: Crops) -> Tensor:
    """Loss of a batch of pairs."""
    human, synthetic = answer.rendered.chunk(2)
    sides = F.softplus(human).mean() + F.softplus(-synthetic).mean()
    order = F.softplus(human - synthetic).mean()
    kinds = F.cross_entropy(answer.family.chunk(2)[1], crops.family)
    scale = F.binary_cross_entropy_with_logits(answer.scaled, crops.scaled, reduction="none")
    scale = (scale * crops.alone).sum() / crops.alone.sum().clamp_min(1)
    return sides + PAIR_WEIGHT * order + FAMILY_WEIGHT * kinds + SCALED_WEIGHT * scale


def train(
    pairs: Pairs,
    path: Path,
    *,
    seconds: float,
    batch: int = 12,
    shape: Shape | None = None,
    rate: float = 2e-3,
    start: Path | None = None,
    most_steps: float = inf,
) -> float:
    """Train until a run has used up its time or its steps, resuming from `path` where that exists.

    Args:
        pairs: to learn from.
        path: of the snapshot.
        seconds: time of the whole run, earlier parts included.
        batch: pairs per step.
        shape: of the network.
        rate: highest learning rate.
        start: a snapshot whose layers a new run begins with, where they are of the same shape.
        most_steps: of the whole run, earlier parts included.

    Returns:
        Running mean of the loss.
    """
    torch.manual_seed(0)
    shape = shape or Shape(families=len(FAMILIES))
    network = TextureNetwork(shape)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    state: dict[str, Any] = {"step": 0, "elapsed_s": 0.0, "loss": float("nan")}
    if path.exists():
        stored = torch.load(path, weights_only=True)
        network.load_state_dict(stored["weights"])
        optimiser.load_state_dict(stored["optimiser"])
        state = {key: stored[key] for key in state}
    elif start is not None:
        begin(network, start)
    rng = np.random.default_rng(state["step"])
    before, started, saved = state["elapsed_s"], time.time(), time.time()
    network.train()

    def save() -> None:
        elapsed_s = before + time.time() - started
        content = {
            "weights": network.state_dict(),
            "optimiser": optimiser.state_dict(),
            "shape": asdict(shape),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            torch.save({**content, **state, "elapsed_s": elapsed_s}, part)

    while (elapsed := before + time.time() - started) < seconds and state["step"] < most_steps:
        warm = min(1.0, (state["step"] + 1) / 50)
        for group in optimiser.param_groups:
            group["lr"] = rate * warm * (0.01 + 0.495 * (1 + cos(pi * elapsed / seconds)))
        crops = pairs.crops(rng.integers(len(pairs.audio), size=batch), rng, SCALED_HERE)
        loss = loss_of(network(crops.audio), crops)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        value = loss.item()
        state["loss"] = value if state["step"] == 0 else 0.98 * state["loss"] + 0.02 * value
        state["step"] += 1
        if state["step"] % 50 == 0:
            print(f"step {state['step']}, {elapsed:.0f} s, loss {state['loss']:.3f}", flush=True)
        if time.time() - saved > SAVE_EVERY_S:
            saved = time.time()
            save()
    save()
    return float(state["loss"])


def begin(network: TextureNetwork, start: Path) -> int:
    """Copy what fits from a snapshot of another network; the number of tensors copied."""
    own, theirs = network.state_dict(), torch.load(start, weights_only=True)["weights"]
    fitting = {name: t for name, t in theirs.items() if name in own and own[name].shape == t.shape}
    network.load_state_dict({**own, **fitting})
    return len(fitting)


def load(path: Path = SNAPSHOT) -> TextureNetwork:
    """A trained network.

    Raises:
        FileNotFoundError: it was not trained yet.
    """
    stored = torch.load(path, weights_only=True)
    shape = Shape(**{**stored["shape"], "widths": tuple(stored["shape"]["widths"])})
    network = TextureNetwork(shape)
    network.load_state_dict(stored["weights"])
    return network.eval()


@torch.no_grad()
def validate(network: TextureNetwork, pairs: Pairs) -> dict[str, float]:
    """AUC of copies against originals, all and by family, share of pairs in order, AUC of what was scaled."""
    rng, answers, scaled = np.random.default_rng(0), [], []
    for index in range(0, len(pairs.audio), 20):
        crops = pairs.crops(np.arange(index, min(index + 20, len(pairs.audio))), rng)
        answer = network(crops.audio)
        answers.append(torch.stack(answer.rendered.chunk(2)).numpy())
        scaled.append(torch.stack([answer.scaled, crops.scaled])[:, crops.alone].numpy())
    (ours, theirs), (says, truth) = np.concatenate(answers, 1), np.concatenate(scaled, 1)
    found = {"pairs": float((theirs > ours).mean()), "all": auc(theirs, ours)}
    if 0 < truth.sum() < truth.size:
        found["scaled"] = auc(says[truth == 1], says[truth == 0])
    for number, name in enumerate(FAMILIES):
        if (pairs.family == number).sum() > 1:
            found[name] = auc(theirs[pairs.family == number], ours)
    return found


def main() -> None:
    """Train on every file of pairs but the last ones, then validate on those."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--start", type=Path, help="snapshot to begin a new run with")
    args = parser.parse_args()
    torch.set_num_threads(1)
    files = sorted(args.folder.glob("pairs-*.npz"))
    path = args.folder / SNAPSHOT.name
    train(read(files[:-HELD_OUT]), path, seconds=60 * args.minutes, start=args.start)
    for name, value in validate(load(path), read(files[-HELD_OUT:])).items():
        print(f"{name} {value:.3f}")


if __name__ == "__main__":
    main()
