"""A small music model of audiocraft's classes, as the lab trains it: a codec and a model of its codes.

It ships, if it ships, as one safetensors file behind its card (`core.cards`), in half precision; the card's
configuration is its `Shape`. `python -m lab.training.composer export` writes both into a folder, which
`load_generator` takes by its name.

Sources: A. Défossez et al., High Fidelity Neural Audio Compression, 2022 (the codec); J. Copet et al., Simple
and Controllable Music Generation, 2023 (codebooks predicted with a delay).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from core import cards
from core.cards import Card
from core.errors import WeightsError
from provenance.generate.imported import audiocraft_models
from provenance.generate.playing import CONTEXT

CARD = "composer.toml"
LARGEST = 1 << 28
"""Parameters of a model that is loaded: a card from elsewhere must not ask for all of the memory."""

LIKELIEST = 250
"""Codes among which the next one is drawn, as audiocraft does."""


@dataclass(frozen=True)
class Shape:
    """What a composer is built from.

    Attributes:
        rate: of its audio, in Hz.
        strides: of the codec's layers, first to last of the decoder; their product is the hop in samples.
        width: channels of the codec's narrowest layer.
        dimension: of a frame before it is quantised.
        books: codebooks, each of what the one before left over.
        codes: in a codebook.
        language_width: of the language model.
        layers: of the language model.
        heads: of each layer.
        longest_s: that the language model was trained on at once.
    """

    rate: int = 24_000
    strides: tuple[int, ...] = (8, 5, 4, 3)
    width: int = 16
    dimension: int = 64
    books: int = 4
    codes: int = 512
    language_width: int = 192
    layers: int = 6
    heads: int = 4
    longest_s: int = 8

    def __post_init__(self) -> None:
        numbers = [getattr(self, field.name) for field in fields(self) if field.name != "strides"]
        if not all(type(n) is int and n > 0 for n in (*numbers, *self.strides)) or not self.strides:
            raise WeightsError("a composer's shape is made of whole numbers above zero")
        if self.rate % self.hop or self.language_width % (2 * self.heads):
            raise WeightsError("hop and heads of a composer must divide its rate and half its width")
        codec = (self.width << len(self.strides)) * max(*self.strides, self.dimension) * self.width
        language = self.language_width**2 * self.layers + self.language_width * self.codes * self.books
        if len(self.strides) > 8 or max(codec, language, self.rate * self.longest_s) > LARGEST:
            raise WeightsError("a composer of that shape is larger than any that is loaded here")

    @property
    def hop(self) -> int:
        """Samples of a frame."""
        return math.prod(self.strides)

    @property
    def frame_rate(self) -> int:
        """Frames in a second."""
        return self.rate // self.hop

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The shape that a card tells.

        Raises:
            WeightsError: it tells another kind of model.
        """
        try:
            return cls(**{**config, "strides": tuple(config["strides"])})
        except (KeyError, TypeError) as error:
            raise WeightsError(f"the card describes no composer: {error}") from error


class Composer(nn.Module):
    """Both parts, untrained until weights are loaded.

    Attributes:
        codec: audiocraft's `EncodecModel`, [B, 1, T] to codes [B, `books`, N] and back.
        language: audiocraft's `LMModel` over those codes.
    """

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.codec = codec(shape)
        self.language = language(shape, dropout)

    def player(self, name: str) -> Any:
        """audiocraft's `MusicGen` around both."""
        music_gen: Any = audiocraft_models().MusicGen
        likeliest = min(LIKELIEST, self.shape.codes)

        class Player(music_gen):  # type: ignore[misc]  # audiocraft has no types
            """Windows shorter than the 18 s by which audiocraft would go on by itself."""

            def set_generation_params(self, *, duration: float) -> None:
                stride = (1.0 - CONTEXT) * self.max_duration
                super().set_generation_params(top_k=likeliest, duration=duration, extend_stride=stride)

        return Player(name, self.codec, self.language, float(self.shape.longest_s))


def codec(shape: Shape) -> Any:
    """The codec alone."""
    models = audiocraft_models()
    from audiocraft.modules.seanet import SEANetDecoder, SEANetEncoder
    from audiocraft.quantization import ResidualVectorQuantizer

    networks: dict[str, Any] = {
        "channels": 1,
        "dimension": shape.dimension,
        "n_filters": shape.width,
        "n_residual_layers": 1,
        "ratios": list(shape.strides),
        "norm": "weight_norm",
    }
    # Codes that nobody uses are replaced as the training sees fit, which sets this threshold for itself.
    quantizer = ResidualVectorQuantizer(
        shape.dimension, n_q=shape.books, bins=shape.codes, threshold_ema_dead_code=0
    )
    encoder, decoder = SEANetEncoder(**networks), SEANetDecoder(**networks)
    return models.EncodecModel(encoder, decoder, quantizer, shape.frame_rate, shape.rate, 1)


def language(shape: Shape, dropout: float = 0.0) -> Any:
    """The language model alone; nothing conditions it."""
    audiocraft_models()
    from audiocraft.models.lm import LMModel
    from audiocraft.modules.codebooks_patterns import DelayedPatternProvider
    from audiocraft.modules.conditioners import ConditionFuser, ConditioningProvider

    return LMModel(
        DelayedPatternProvider(n_q=shape.books),
        ConditioningProvider({}),
        ConditionFuser({"cross": [], "prepend": [], "sum": [], "input_interpolate": []}),
        n_q=shape.books,
        card=shape.codes,
        dim=shape.language_width,
        num_heads=shape.heads,
        num_layers=shape.layers,
        norm_first=True,
        dropout=dropout,
        custom=True,
        causal=True,
        weight_init="gaussian",
        depthwise_init="current",
        zero_bias_init=True,
    )


def load(folder: Path) -> tuple[Card, Composer]:
    """A trained composer from the folder of its card.

    Raises:
        WeightsError: card or weights are missing, damaged or of another kind.
        GenerationError: audiocraft is not installed.
    """
    card, tensors = cards.load(folder / CARD)
    made = Composer(Shape.of(card.config))
    try:
        made.load_state_dict(tensors)
    except RuntimeError as error:
        raise WeightsError(f"{card.file} holds other tensors than {CARD} describes: {error}") from error
    if not all(torch.isfinite(value).all() for value in made.state_dict().values()):
        raise WeightsError(f"{card.file} holds values that are not finite")
    return card, made.eval()
