"""What is asked of a generator, and what a generator is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from core.clip import Clip
from core.errors import GenerationError

LONGEST_PROMPT = 2000
LONGEST_S = 300.0
Steps = Callable[[int, int], None]
"""Called with the tokens that are done and all of them."""


@dataclass(frozen=True)
class Order:
    """A track that is asked for.

    Attributes:
        prompt: what the music should be like, at most `LONGEST_PROMPT` characters.
        model: name or folder for `load_generator`.
        seconds: length; of a continuation, together with its beginning.
        seed: repeats a former run; None draws one.
        melody: audio whose tune is to be followed, by a model that can.
        beginning: audio that is to be continued.
    """

    prompt: str
    model: str | None = None
    seconds: float = 20.0
    seed: int | None = None
    melody: Clip | None = None
    beginning: Clip | None = None

    def __post_init__(self) -> None:
        if len(self.prompt) > LONGEST_PROMPT:
            raise GenerationError(
                f"the prompt has {len(self.prompt)} characters; at most {LONGEST_PROMPT} are taken"
            )
        if any("\ud800" <= letter <= "\udfff" for letter in self.prompt):
            raise GenerationError("the prompt holds bytes that are no text in UTF-8: type it anew")
        if not 0 < self.seconds <= LONGEST_S:
            raise GenerationError(f"cannot generate {self.seconds:g} s: ask for up to {LONGEST_S:g} s")
        if self.melody is not None and self.beginning is not None:
            raise GenerationError(
                "a model follows a melody or continues a beginning, not both: leave one out"
            )
        if self.beginning is not None and self.beginning.duration_s >= self.seconds:
            raise GenerationError(
                f"the beginning lasts {self.beginning.duration_s:.1f} s already: ask for more seconds"
            )


class Generator(Protocol):
    """Anything that turns an order into audio.

    Attributes:
        name: of the model, as the record will state it.
        sample_rate: of what `stream` yields, in Hz.
        channels: of the same.
        weights_sha256: digest of its weights, where they are known.
        licence: of its weights, where it is known.
    """

    name: str
    sample_rate: int
    channels: int
    weights_sha256: str | None
    licence: str | None

    def stream(self, order: Order, seed: int, progress: Steps | None = None) -> Iterator[Tensor]:
        """New audio, each [C, any length] float32 in [-1, 1] as soon as it is made; the same for a seed."""
        ...
