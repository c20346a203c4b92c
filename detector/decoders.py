"""Known decoder architectures and the comb each must leave, from the strides in their published settings.

A decoder with output rate `fs` and strides r_1 ... r_L (first to last layer) puts lines of layer l at the
multiples of fs / (r_l * ... * r_L). Several families share spacings; what tells them apart is which spacings
are there together, and ambiguity is reported, not resolved by guessing.
"""

from dataclasses import dataclass
from itertools import accumulate
from operator import mul


@dataclass(frozen=True)
class Architecture:
    """A decoder that is known to draw a comb.

    Attributes:
        name: of the architecture and systems that use it.
        output_rate: in Hz, of the decoder's last layer.
        strides: upsampling factors, first to last layer; empty for measured combs.
        measured: spacings seen in published output where no configuration is public.
        voice: samples from tick to tick of the layers that the voice detector listens for. Layers of one
            spacing stand with one architecture; the weights tell no architectures apart.
    """

    name: str
    output_rate: float
    strides: tuple[int, ...] = ()
    measured: tuple[float, ...] = ()
    voice: tuple[int, ...] = ()

    @property
    def spacings_hz(self) -> tuple[float, ...]:
        """Distances between lines, finest first, without those above 6 kHz (too few teeth to measure);
        what the music detector looks for."""
        products = accumulate(reversed(self.strides), mul)
        from_strides = tuple(self.output_rate / p for p in products)
        return tuple(sorted(s for s in (*from_strides, *self.measured) if s <= 6000.0))


DECODERS = (
    Architecture("EnCodec 24 kHz", 24000, (8, 5, 4, 2), voice=(40, 320)),
    Architecture("EnCodec 32 kHz (MusicGen, AudioGen)", 32000, (8, 5, 4, 4)),
    Architecture("EnCodec 48 kHz", 48000, (8, 5, 4, 2)),
    Architecture("EnCodec 48 kHz fed with 44.1 kHz", 44100, (8, 5, 4, 2)),
    Architecture("DAC 16 kHz", 16000, (8, 5, 4, 2), voice=(8, 40, 320)),
    Architecture("DAC 44.1 kHz", 44100, (8, 8, 4, 2), voice=(8, 64, 512)),
    Architecture("LAC 44.1 kHz (VampNet)", 44100, (12, 8, 4, 2)),
    Architecture("Oobleck, hop 1024 (Stable Audio 1)", 44100, (8, 8, 4, 4)),
    Architecture("Oobleck, hop 2048 (Stable Audio Open)", 44100, (8, 8, 4, 4, 2)),
    Architecture("HiFi-GAN 22.05 kHz", 22050, (8, 8, 2, 2)),
    Architecture("BigVGAN 22.05 kHz", 22050, (4, 4, 2, 2, 2, 2)),
    Architecture("HiFi-GAN / BigVGAN 24 kHz", 24000, (8, 8, 2, 2), voice=(4, 32, 256)),
    Architecture("BigVGAN v2 44.1 kHz, hop 256", 44100, (4, 4, 2, 2, 2, 2), voice=(256,)),
    Architecture("HiFi-GAN 44.1 kHz, hop 512 (so-vits-svc, ACE-Step)", 44100, (8, 8, 2, 2, 2)),
    Architecture("ADaMoS-HiFiGAN (ACE-Step)", 44100, (4, 4, 2, 2, 2, 2, 2), voice=(128,)),
    Architecture("RVC 40 kHz", 40000, (10, 10, 2, 2)),
    Architecture("RVC 48 kHz", 48000, (12, 10, 2, 2)),
    Architecture("RVC 32 kHz", 32000, (10, 8, 2, 2), voice=(32, 320)),
    Architecture("HiFi-GAN 16 kHz, hop 160 (AudioLDM, Tango, MusicLDM)", 16000, (5, 4, 2, 2, 2)),
    Architecture("ISTFT head, hop 256 at 44.1 kHz (Musika)", 44100, measured=(86.1328125, 172.265625)),
    Architecture("Suno (measured)", 48000, measured=(50.0, 100.0, 200.0, 400.0)),
    Architecture("Noise2Music cascade (measured)", 24000, measured=(1000.0, 2000.0, 3000.0, 4000.0, 6000.0)),
    Architecture("separator, HT-Demucs time branch", 44100, (4, 4, 4, 4)),
    Architecture("mel vocoders 16 kHz, hops 200 and 256", 16000, voice=(4, 128, 200, 256)),
)
"""What each detector uses of a decoder: music all of `spacings_hz`, voice the layers of `voice`. Weights were
fitted on both sets: a spacing more or less is a training (docs/decisions/0310-one-table-of-decoders.md)."""

ARCHITECTURES = tuple(a for a in DECODERS if a.spacings_hz)
"""Decoders that the music detector knows."""

SEPARATORS = frozenset({"separator, HT-Demucs time branch"})
"""Networks that process human recordings: their comb is no evidence of generation."""

SPACINGS_HZ = tuple(sorted({round(s, 4) for a in DECODERS for s in a.spacings_hz}))
"""Every distinct spacing that the music detector looks for, ascending."""

VOICE_SPACINGS_HZ = tuple(sorted({round(a.output_rate / hop, 4) for a in DECODERS for hop in a.voice}))
"""Those that the voice detector listens for, ascending: as far as 7 kHz hold three lines or more."""
