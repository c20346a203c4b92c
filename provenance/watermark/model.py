"""The shipped networks, and the untrained patchwork that they are measured against."""

import functools
from dataclasses import dataclass
from pathlib import Path

import torch

from core import cards
from core.cards import Card
from provenance.watermark.network import Decoder, Embedder, NetworkConfig

CARD = Path(__file__).with_name("watermark.toml")


@dataclass(frozen=True)
class Model:
    """Both networks, ready to run; `card` is None for the untrained patchwork."""

    embedder: Embedder
    decoder: Decoder
    card: Card | None


def build(tensors: dict[str, torch.Tensor] | None, card: Card | None = None) -> Model:
    """Networks from weights named `embedder.*` and `decoder.*`, or untrained where None."""
    torch.manual_seed(0)
    embedder, decoder = Embedder(NetworkConfig()), Decoder(NetworkConfig())
    for name, network in (("embedder", embedder), ("decoder", decoder)):
        if tensors is not None:
            prefix = name + "."
            network.load_state_dict({k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)})
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # absent from the stubs
        network.eval().requires_grad_(False)
    return Model(embedder, decoder, card)


@functools.cache
def shipped() -> Model:
    """The trained channel that is part of this package.

    Raises:
        WeightsError: card and weights do not agree.
    """
    card, tensors = cards.load(CARD)
    return build(tensors, card)


@functools.cache
def patchwork() -> Model:
    """The classical scheme on the same grid: fixed pattern, cell averages, no learning."""
    return build(None)
