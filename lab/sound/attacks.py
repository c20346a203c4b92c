"""Named attacks on audio, one catalogue for every evaluation.

`Attack.apply` checks what came out: an attack that changed nothing, produced NaN or broke its length rule
raises `AttackError`. A codec that fails therefore never counts as a codec that was survived.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from core.codecs import Codec
from lab.sound import transforms
from lab.sound.transforms import AttackError

Transform = Callable[[Tensor, int, np.random.Generator], Tensor]
Length = Literal["same", "scaled", "shorter"]
SCALED_TOLERANCE_S = 0.05


@dataclass(frozen=True)
class Attack:
    """A named change to audio.

    Attributes:
        name: stable identifier used in result tables.
        family: `codec`, `resample`, `noise`, `filter`, `dynamics`, `channel`, `time`, `room`, `mix`, `chain`.
        transform: the change itself; call `apply`, which checks its result.
        length: `same` as the input, `scaled` by 1 / `tempo` (within 50 ms), or `shorter`.
        tempo: how much faster the events follow each other (1.05: five per cent faster).
        pitch: factor on all frequencies.
        needs_stereo: does nothing to a mono clip, and so raises there.
    """

    name: str
    family: str
    transform: Transform
    length: Length = "same"
    tempo: float = 1.0
    pitch: float = 1.0
    needs_stereo: bool = False

    def applies_to(self, wav: Tensor) -> bool:
        """Whether the attack makes sense for this clip, [C, T]."""
        return not self.needs_stereo or wav.shape[0] > 1

    def apply(self, wav: Tensor, sample_rate: int, rng: np.random.Generator) -> Tensor:
        """Attack a clip.

        Args:
            wav: samples, [C, T].
            sample_rate: in Hz; the result has the same rate.
            rng: source of every random choice.

        Returns:
            Attacked samples, [C, T'], with T' by the rule in `length`.

        Raises:
            AttackError: the input is too short or silent, the audio did not change, or the result is broken.
        """
        if wav.ndim != 2 or wav.shape[-1] < sample_rate // 4:
            raise AttackError(
                f"{self.name}: needs [C, T] audio of at least 0.25 s, got shape {tuple(wav.shape)}"
            )
        with torch.no_grad():
            attacked = self.transform(wav.float(), sample_rate, rng)
        self._check(wav, attacked, sample_rate)
        return attacked

    def _check(self, wav: Tensor, attacked: Tensor, sample_rate: int) -> None:
        before, after = wav.shape[-1], attacked.shape[-1]
        fits = {
            "same": after == before,
            "scaled": abs(after - before / self.tempo) <= SCALED_TOLERANCE_S * sample_rate,
            "shorter": 0 < after < before,
        }[self.length]
        if attacked.shape[0] != wav.shape[0] or not fits:
            raise AttackError(f"{self.name}: {tuple(wav.shape)} became {tuple(attacked.shape)}: wrong shape")
        if not bool(torch.isfinite(attacked).all()):
            raise AttackError(f"{self.name}: the result is not finite")
        if after == before and float((attacked - wav).abs().max()) < 1e-6:
            raise AttackError(f"{self.name}: the audio did not change")


def mix_with(other: Tensor, *, ratio_db: float = 0.0) -> Attack:
    """Attack that plays other music at the same time.

    Args:
        other: music at the clip's sample rate, [C', T']; repeated where it is shorter.
        ratio_db: level of the attacked clip over `other`; 0 is 1:1.
    """

    def transform(wav: Tensor, _: int, __: np.random.Generator) -> Tensor:
        mono = other.float().mean(0, keepdim=True)
        tiled = mono.repeat(1, math.ceil(wav.shape[-1] / mono.shape[-1]))[:, : wav.shape[-1]]
        mixed = transforms.add_at(wav, tiled.expand_as(wav), ratio_db)
        return mixed / max(1.0, float(mixed.abs().max()))

    return Attack(f"mix_{ratio_db:+.0f}db", "mix", transform)


# the catalogue


def _codecs() -> list[Attack]:
    rates: dict[Codec, tuple[int, ...]] = {
        "mp3": (128, 64, 32),
        "aac": (128, 64, 32),
        "opus": (128, 64, 32),
        "vorbis": (128, 64),
    }
    return [
        Attack(f"{codec}_{kbps}", "codec", partial(transforms.through_codec, codec=codec, kbps=kbps))
        for codec, all_kbps in rates.items()
        for kbps in all_kbps
    ]


def _time_scales() -> list[Attack]:
    attacks = []
    for factor in (0.8, 0.9, 0.95, 1.05, 1.1, 1.25):
        change = partial(transforms.speed, factor=factor)
        attacks.append(Attack(f"speed_{factor:.2f}", "time", change, "scaled", tempo=factor, pitch=factor))
    for factor in (0.8, 0.9, 0.95, 1.05, 1.1, 1.25):
        attacks.append(
            Attack(
                f"tempo_{factor:.2f}",
                "time",
                partial(transforms.tempo, factor=factor),
                "scaled",
                tempo=factor,
            )
        )
    for factor in (0.89, 0.95, 1.05, 1.12):
        attacks.append(
            Attack(f"pitch_{factor:.2f}", "time", partial(transforms.pitch, factor=factor), pitch=factor)
        )
    attacks.append(
        Attack("nightcore", "time", transforms.nightcore, "scaled", tempo=1.15, pitch=1.15 * 2 ** (2 / 12))
    )
    return attacks


CATALOGUE: tuple[Attack, ...] = (
    *_codecs(),
    Attack("codec_chain", "chain", transforms.codec_chain),
    Attack("resample_22050", "resample", partial(transforms.through_rate, rate=22050)),
    Attack("telephone", "resample", transforms.telephone),
    *(
        Attack(f"white_{snr}db", "noise", partial(transforms.white, snr_db=float(snr)))
        for snr in (30, 20, 10)
    ),
    *(Attack(f"pink_{snr}db", "noise", partial(transforms.pink, snr_db=float(snr))) for snr in (20, 10)),
    Attack("quantise_8bit", "noise", partial(transforms.quantise, bits=8)),
    Attack("eq_6db", "filter", partial(transforms.equaliser, depth_db=6.0)),
    Attack("lowpass_4000", "filter", partial(transforms.lowpass, cutoff=4000.0)),
    Attack("highpass_500", "filter", partial(transforms.highpass, cutoff=500.0)),
    Attack("compressor", "dynamics", transforms.compressor),
    Attack("limiter", "dynamics", transforms.limiter),
    Attack("gain_-12db", "dynamics", partial(transforms.gain, gain_db=-12.0)),
    Attack("polarity", "channel", transforms.polarity),
    Attack("mono_downmix", "channel", transforms.mono, needs_stereo=True),
    Attack("left_only", "channel", transforms.left_only, needs_stereo=True),
    Attack("crop_70", "time", transforms.crop, "shorter"),
    Attack("shift_0.1s", "time", partial(transforms.shift, delay_s=0.1)),
    *_time_scales(),
    Attack("echo", "room", transforms.echo),
    Attack("reverb", "room", transforms.reverb),
)
"""Every attack that needs nothing but the clip; `mix_with` makes the one that needs other music."""


def attack(name: str) -> Attack:
    """The attack of that name in the catalogue.

    Raises:
        KeyError: no such attack.
    """
    found = next((a for a in CATALOGUE if a.name == name), None)
    if found is None:
        raise KeyError(f"no attack {name!r}; known: {', '.join(a.name for a in CATALOGUE)}")
    return found
