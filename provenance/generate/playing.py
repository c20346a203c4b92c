"""An audiocraft model that plays what is asked, window by window, at one loudness."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.errors import GenerationError
from provenance.generate.order import Order, Steps

CONTEXT = 0.4
"""Of the longest that a model plays at once: so much of what is there the next window hears (12 of 30 s)."""
LOUDNESS_RMS = 0.12
PEAK = 0.9


@dataclass(frozen=True)
class Abilities:
    """What a model can do besides playing to a prompt."""

    reads_text: bool = True
    follows_melody: bool = False
    continues: bool = True


class AudiocraftGenerator:
    """One audiocraft model behind the `Generator` protocol; build it with `load_generator`."""

    def __init__(
        self,
        name: str,
        model: Any,
        abilities: Abilities,
        *,
        weights_sha256: str | None = None,
        licence: str | None = None,
    ) -> None:
        self.name, self.abilities = name, abilities
        self.sample_rate, self.channels = int(model.sample_rate), int(model.audio_channels)
        self.weights_sha256, self.licence = weights_sha256, licence
        self._model = model
        self._longest_s = float(model.max_duration)

    def stream(self, order: Order, seed: int, progress: Steps | None = None) -> Iterator[Tensor]:
        """Generate audio, one window of the model after the other.

        Args:
            order: what is asked for; its beginning comes at this generator's rate and channels.
            seed: the same seed gives the same audio on the same machine.
            progress: called with (steps done, steps in all) of each window.

        Yields:
            New audio at `self.sample_rate`, [C, T] float32, peak at most 0.9, all at the gain that makes the
            first window moderately loud, or as loud as the beginning that it continues.

        Raises:
            GenerationError: a model that cannot do what is asked, fails, or returns silence.
        """
        self._refuse(order)
        self._model.set_custom_progress_callback(progress)
        longest = int(self._longest_s * self.sample_rate)
        total = math.ceil(order.seconds * self.sample_rate)
        past = torch.zeros(self.channels, 0) if order.beginning is None else order.beginning.wav
        done, number, level = past.shape[-1], 0, None
        while done < total:
            prompt = past[:, -int(CONTEXT * longest) :]
            length = min(longest, prompt.shape[-1] + total - done)
            made = self._window(order, prompt, length, seed + number, told=progress is not None)
            level = level or _level(made, prompt, self.name)
            new = made[:, prompt.shape[-1] :][:, : total - done]
            if not new.shape[-1]:
                raise GenerationError(f"{self.name} added nothing: ask for fewer seconds")
            yield level.applied(new)
            past, done, number = torch.cat([prompt, new], -1), done + new.shape[-1], number + 1

    def _refuse(self, order: Order) -> None:
        can = self.abilities
        if order.melody is not None and not can.follows_melody:
            raise GenerationError(f"{self.name} follows no melody: facebook/musicgen-melody does")
        if order.beginning is not None and not can.continues:
            raise GenerationError(f"{self.name} continues nothing: a MusicGen or AudioGen does")
        if order.seconds > self._longest_s and (order.melody is not None or not can.continues):
            raise GenerationError(f"{self.name} does that for up to {self._longest_s:g} s: ask for as much")

    def _window(self, order: Order, prompt: Tensor, length: int, seed: int, *, told: bool) -> Tensor:
        """What the model makes at once: the prompt as it heard it, and what comes after, [C, T]."""
        model = self._model
        texts = [order.prompt if self.abilities.reads_text else None]
        devices = [model.device] if model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            try:
                if self.abilities.continues:  # the others always play as long as they can
                    model.set_generation_params(
                        duration=min(length / self.sample_rate + 0.05, self._longest_s)
                    )
                if prompt.shape[-1]:
                    made = model.generate_continuation(prompt[None], self.sample_rate, texts, progress=told)
                elif order.melody is not None:
                    tune = order.melody
                    made = model.generate_with_chroma(texts, tune.wav[None], tune.sample_rate, progress=told)
                elif self.abilities.reads_text:
                    made = model.generate(texts, progress=told)
                else:
                    made = model.generate_unconditional(1, progress=told)
            except (RuntimeError, AssertionError, ValueError) as error:
                raise GenerationError(f"{self.name} failed: {error}") from error
        wav: Tensor = made[0].detach().float().cpu()
        return wav


@dataclass(frozen=True)
class _Level:
    """A gain, and an offset that is taken away first."""

    offset: Tensor
    gain: float

    def applied(self, wav: Tensor) -> Tensor:
        return ((wav - self.offset) * self.gain).clamp(-PEAK, PEAK)


def _level(made: Tensor, prompt: Tensor, name: str) -> _Level:
    """Moderate loudness without offset: models, and untrained ones above all, do not care.

    What continues a beginning is turned up or down as the model's copy of that beginning would have to be.
    """
    told = prompt.shape[-1]
    heard = made[:, :told] if told else made
    offset = heard.mean(dim=-1, keepdim=True)
    rms = float((heard - offset).square().mean().sqrt()) if heard.numel() else 0.0
    if not math.isfinite(rms) or rms < 1e-6:
        raise GenerationError(f"{name} returned silence: try another seed")
    wanted = float(prompt.square().mean().sqrt()) if told else LOUDNESS_RMS
    return _Level(offset, wanted / rms)
