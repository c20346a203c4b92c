"""A small music model of audiocraft's classes, as the lab trains it: a codec and a model of its codes.

It ships as one safetensors file behind its card (`core.cards`), in half precision; the card's configuration
is its `Shape`. `python -m lab.training.composer export` writes both into a folder, which `load_generator`
takes by its name.

Sources: A. Défossez et al., High Fidelity Neural Audio Compression, 2022 (the codec); J. Copet et al., Simple
and Controllable Music Generation, 2023 (codebooks predicted with a delay).
"""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import nn

from core import cards
from core.cards import Card
from core.errors import WeightsError
from provenance.generate import spectral
from provenance.generate.imported import audiocraft_models
from provenance.generate.playing import CONTEXT

CARD = "composer.toml"
SHIPPED = Path(__file__).parent
"""Folder of the card that is part of this package."""
NAME = "trackmark-composer"
LARGEST = 1 << 28
"""Parameters of a model that is loaded: a card from elsewhere must not ask for all of the memory."""

LIKELIEST = 64
"""Codes among which the next one is drawn: an eighth of all, as audiocraft's 250 are of its 2,048."""


@dataclass(frozen=True)
class Shape:
    """What a composer is built from.

    Attributes:
        rate: of its audio, in Hz.
        hop: samples of a frame.
        width: channels of the codec's layers.
        blocks: of the codec's encoder, and of its decoder.
        dimension: of a frame before it is quantised.
        books: codebooks, each of what the one before left over.
        codes: in a codebook.
        spoken: books that the language model speaks; with the others the codec plays finer.
        language_width: of the language model.
        layers: of the language model.
        heads: of each layer.
        longest_s: that the language model was trained on at once.
    """

    rate: int = 24_000
    hop: int = 480
    width: int = 256
    blocks: int = 4
    dimension: int = 64
    books: int = 16
    codes: int = 512
    spoken: int = 4
    language_width: int = 192
    layers: int = 5
    heads: int = 4
    longest_s: int = 8

    def __post_init__(self) -> None:
        if not all(type(n) is int and n > 0 for n in astuple(self)):
            raise WeightsError("a composer's shape is made of whole numbers above zero")
        if self.hop % 2 or self.rate % self.hop or self.language_width % (2 * self.heads):
            raise WeightsError("hop and heads of a composer must divide its rate and half its width")
        if self.spoken > self.books:
            raise WeightsError(f"a composer cannot speak {self.spoken} codebooks of {self.books}")
        networks = self.width * (12 * self.hop + self.dimension + 4 * self.width * self.blocks)
        codec = networks + self.books * self.codes * self.dimension
        language = self.language_width * (12 * self.language_width * self.layers + self.codes * self.spoken)
        if max(codec, language, self.rate * self.longest_s) > LARGEST:
            raise WeightsError("a composer of that shape is larger than any that is loaded here")

    @property
    def frame_rate(self) -> int:
        """Frames in a second."""
        return self.rate // self.hop

    def bit_rate(self, books: int) -> float:
        """Of the codec with so many of its books, in bit/s."""
        return books * math.log2(self.codes) * self.frame_rate

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The shape that a card tells.

        Raises:
            WeightsError: it tells another kind of model.
        """
        try:
            return cls(**config)
        except TypeError as error:
            raise WeightsError(f"the card describes no composer: {error}") from error


class Composer(nn.Module):
    """Both parts, untrained until weights are loaded.

    Attributes:
        codec: audiocraft's `EncodecModel`, [B, 1, T] to codes [B, `spoken`, N] and back.
        language: audiocraft's `LMModel` over those codes.
    """

    def __init__(self, shape: Shape, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape
        self.codec = codec(shape)
        self.codec.set_num_codebooks(shape.spoken)
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
    """The codec alone, which uses all of its books until it is told otherwise (`set_num_codebooks`)."""
    models = audiocraft_models()
    from audiocraft.quantization import ResidualVectorQuantizer

    networks = (shape.hop, shape.width, shape.blocks, shape.dimension)
    # Codes that nobody uses are replaced as the training sees fit, which sets this threshold for itself.
    quantizer = ResidualVectorQuantizer(
        shape.dimension, n_q=shape.books, bins=shape.codes, threshold_ema_dead_code=0
    )
    encoder, decoder = spectral.Encoder(*networks), spectral.Decoder(*networks)
    return models.EncodecModel(encoder, decoder, quantizer, shape.frame_rate, shape.rate, 1)


def language(shape: Shape, dropout: float = 0.0) -> Any:
    """The language model alone; nothing conditions it."""
    audiocraft_models()
    from audiocraft.models.lm import LMModel
    from audiocraft.modules.codebooks_patterns import DelayedPatternProvider
    from audiocraft.modules.conditioners import ConditionFuser, ConditioningProvider

    return LMModel(
        DelayedPatternProvider(n_q=shape.spoken),
        ConditioningProvider({}),
        ConditionFuser({"cross": [], "prepend": [], "sum": [], "input_interpolate": []}),
        n_q=shape.spoken,
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
