"""Networks with one hidden layer that learn to rank synthetic above recorded clips of the same page.

Every batch takes six real and six synthetic clips from each of twelve pages; within a page all systems are
equally likely.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from detector.voice.synthesis import VoiceNetwork
from lab.training.voice.fusing import Flags, Floats, Names


@dataclass(frozen=True)
class Plan:
    """One training.

    Attributes:
        steps: batches.
        pages: drawn for a batch.
        clips: of either class from each.
        rate: first learning rate, falling linearly to zero.
        decay: weight decay.
        drop: share of hidden units left out (half as many inputs).
        ranking: weight of the pairwise loss.
        entropy: weight of the cross-entropy.
    """

    steps: int = 600
    pages: int = 12
    clips: int = 6
    rate: float = 2e-3
    decay: float = 0.3
    drop: float = 0.5
    ranking: float = 1.0
    entropy: float = 0.5


@dataclass(frozen=True)
class Lots:
    """Rows by page: real ones, and synthetic ones by system; only pages with both.

    Attributes:
        real: rows of each page.
        synthetic: per page, the rows of each system.
        share: how often each page is drawn.
    """

    real: list[npt.NDArray[np.int64]]
    synthetic: list[list[npt.NDArray[np.int64]]]
    share: Floats


def lots(synthetic: Flags, page: Names, system: Names) -> Lots:
    """Sort the rows; a page's share grows with the root of its real clips, up to a factor of three."""
    real, made = [], []
    for name in sorted(set(page.tolist())):
        here = page == name
        if (here & synthetic).any() and (here & ~synthetic).any():
            real.append(np.flatnonzero(here & ~synthetic))
            kinds = sorted(set(system[here & synthetic].tolist()))
            made.append([np.flatnonzero(here & synthetic & (system == kind)) for kind in kinds])
    share = np.array([min(3.0, (len(rows) / 20) ** 0.5) for rows in real])
    return Lots(real, made, share / share.sum())


def draw(known: Lots, plan: Plan, rng: np.random.Generator) -> list[int]:
    """Rows of one batch: per page first the synthetic, then the real ones."""
    rows: list[int] = []
    for page in rng.choice(len(known.real), plan.pages, p=known.share):
        systems = known.synthetic[page]
        rows += [int(rng.choice(systems[k])) for k in rng.integers(0, len(systems), plan.clips)]
        rows += rng.choice(known.real[page], plan.clips).tolist()
    return rows


def standardise(network: VoiceNetwork, plain: Floats, gain: Floats) -> None:
    """Set what `network` clips to and standardises by from rows without augmentation, [N, inputs]."""
    low, high = np.percentile(plain, [0.5, 99.5], axis=0)
    clipped = np.clip(plain, low, high)
    spread = (clipped.std(0) + 1e-4) / gain
    for name, value in {"low": low, "high": high, "mean": clipped.mean(0), "spread": spread}.items():
        setattr(network, name, torch.tensor(value, dtype=torch.float32))


def fit(network: VoiceNetwork, standard: Tensor, known: Lots, plan: Plan) -> None:
    """Train every member from its own seed on standardised values, [N, inputs]."""
    for member in range(network.first.shape[0]):
        rng = np.random.default_rng(member)
        torch.manual_seed(member)
        first = torch.nn.Linear(network.first.shape[1], network.first.shape[2])
        second = torch.nn.Linear(network.first.shape[2], 1)
        weights = [*first.parameters(), *second.parameters()]
        optimiser = torch.optim.AdamW(weights, lr=plan.rate, weight_decay=plan.decay)
        for step in range(plan.steps):
            for part in optimiser.param_groups:
                part["lr"] = plan.rate * (1 - step / plan.steps)
            heard = functional.dropout(standard[draw(known, plan, rng)], plan.drop / 2)
            hidden = functional.dropout(functional.silu(first(heard)), plan.drop)
            made, real = second(hidden).view(plan.pages, 2, plan.clips).unbind(1)
            ranking = functional.softplus(real[:, None, :] - made[:, :, None]).mean()
            entropy = (functional.softplus(-made) + functional.softplus(real)).mean() / 2
            optimiser.zero_grad()
            (plan.ranking * ranking + plan.entropy * entropy).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            network.first[member], network.first_bias[member] = first.weight.T, first.bias[None]
            network.second[member], network.second_bias[member] = second.weight.T, second.bias[None]
