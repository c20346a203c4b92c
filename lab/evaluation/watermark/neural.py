"""Does the mark live through neural codecs and vocoders? Our own are asked (`lab.training.decoders`).

No published neural codec can be had offline, so these are stand-ins: the same strides and representation,
minutes of training instead of weeks. How far they are from transparent is measured beside them. The codec of
a composer (`lab.training.composer`) is the only one with an adversary; it is asked at several numbers of its
books.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.native import torchaudio
from core.resample import resample
from lab.datasets import Recording
from lab.evaluation.watermark.codecs.passing import BOOKS, as_long
from lab.evaluation.watermark.robustness import robustness
from lab.sound.attacks import Attack
from lab.training.decoders.__main__ import PLANS, Decoder, load, path_of
from provenance.generate import Composer, composer

MELS = 64


def trained() -> tuple[Attack, ...]:
    """An attack for every decoder that was trained on this machine, and for the composer that ships."""
    decoders = tuple(_through(name, load(name)) for name in PLANS if path_of(name).exists())
    return decoders + composers(composer.load(composer.SHIPPED)[1])


def composers(made: Composer) -> tuple[Attack, ...]:
    """An attack for each number of a composer's books, named by its rate in kbit/s."""
    return tuple(_at(made, books) for books in BOOKS if books <= made.shape.books)


def _at(made: Composer, books: int) -> Attack:
    @torch.no_grad()
    def apply(wav: Tensor, rate: int, _rng: np.random.Generator) -> Tensor:
        made.codec.set_num_codebooks(books)
        heard = made.codec(resample(wav, rate, made.shape.rate)[:, None]).x[:, 0]
        return as_long(resample(heard, made.shape.rate, rate), wav)

    return Attack(f"composer {made.shape.bit_rate(books) / 1000:.2g}", "neural", apply)


def through_decoder(_number: int, recording: Recording, *, attack: Attack) -> Iterator[dict[str, Any]]:
    """Messages after a decoder, at 30 and 10 s, and how far the decoder moves the audio.

    Args:
        recording: the host.
        attack: from `trained`.
    """
    clip = recording.load()
    rendered = attack.apply(clip.wav, clip.sample_rate, np.random.default_rng(0))
    distance_db = mel_distance_db(clip.wav, rendered, clip.sample_rate)
    yield {"kind": "neural distance", "attack": attack.name, "distance_db": distance_db}
    for row in robustness(recording, "trained", [attack], lengths_s=(30, 10)):
        if row["kind"] != "quality":
            yield row


def mel_distance_db(wav: Tensor, other: Tensor, sample_rate: int) -> float:
    """Mean difference in dB of mel spectra, of what is within 60 dB of the loudest, [C, T] twice."""
    mel = torchaudio().transforms.MelSpectrogram(sample_rate, n_fft=2048, hop_length=512, n_mels=MELS)
    ours, theirs = mel(wav.mean(0)), mel(other.mean(0))
    floor = float(ours.max()) * 1e-6
    heard = ours > floor
    difference = 10.0 * (torch.log10(ours + floor) - torch.log10(theirs + floor)).abs()
    return float(difference[heard].mean())


def _through(name: str, decoder: Decoder) -> Attack:
    return Attack(name, "neural", lambda wav, rate, _rng: decoder.apply_to(wav, rate))
