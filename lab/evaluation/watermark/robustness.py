"""Messages after attacks: mark, attack, cut, read."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from core.errors import EncodeError
from core.resample import resample
from lab.datasets import Recording
from lab.evaluation.watermark.quality import quality
from lab.sound.attacks import CATALOGUE, Attack, attack, mix_with
from lab.sound.published_attacks import CHAIN, REMOVAL, STRICT
from lab.sound.transforms import AttackError
from provenance.watermark import model
from provenance.watermark.detection import detect
from provenance.watermark.embedding import embed
from provenance.watermark.key import WatermarkKey

CLEAN = Attack("clean", "none", lambda wav, _rate, _rng: wav)
REQUIRED = (
    "clean",
    "polarity",
    "gain_-12db",
    "mono_downmix",
    "left_only",
    "shift_0.1s",
    "resample_22050",
    "mp3_128",
    "mp3_64",
    "aac_128",
    "aac_64",
    "opus_64",
    "vorbis_48",
)
HARD = (
    "mp3_32",
    "aac_32",
    "opus_32",
    "codec_chain",
    "telephone",
    "white_20db",
    "white_10db",
    "pink_20db",
    "pink_10db",
    "eq_6db",
    "compressor",
    "limiter",
    "lowpass_4000",
    "highpass_500",
    "quantise_8bit",
    "reverb",
    "echo",
)
GEOMETRY = tuple(a for a in CATALOGUE if a.family == "time" and (a.tempo, a.pitch) != (1.0, 1.0))
LENGTHS_S = (30, 15, 10, 6, 5, 3)


def key_of(name: str) -> WatermarkKey:
    """A fixed key per name, so that runs repeat."""
    return WatermarkKey(np.random.default_rng(zlib.crc32(name.encode())).bytes(32))


def attacks_named(names: Sequence[str]) -> tuple[Attack, ...]:
    """Attacks of the catalogue and of the lists, by name."""
    known = {a.name: a for a in (CLEAN, *STRICT, *CHAIN, *REMOVAL)}
    return tuple(known.get(name) or attack(name) for name in names)


def mixes(other: Recording, sample_rate: int) -> tuple[Attack, ...]:
    """Other music at the same level and at twice the level."""
    clip = other.load()
    music = resample(clip.wav, clip.sample_rate, sample_rate)
    return tuple(mix_with(music, ratio_db=ratio_db) for ratio_db in (0.0, -6.0))


def robustness(
    recording: Recording,
    network: str,
    attacks: Sequence[Attack],
    *,
    lengths_s: Sequence[int] = LENGTHS_S,
    exhaustive: bool = False,
    other: Recording | None = None,
) -> Iterator[dict[str, Any]]:
    """One row per attack and length, all cut at one random offset.

    Args:
        recording: the host.
        network: `trained` or `patchwork`.
        attacks: what to do to it.
        lengths_s: lengths to cut and read, in seconds.
        exhaustive: whether to read with the full search.
        other: music to mix with; None leaves mixes out.
    """
    clip = recording.load()
    name, rate = recording.path.name, clip.sample_rate
    key, rng = key_of(name), np.random.default_rng(zlib.crc32(name.encode()))
    message = rng.bytes(8)
    networks = model.shipped() if network == "trained" else model.patchwork()
    marked = embed(clip.wav, rate, message, key, networks=networks)
    yield {"kind": "quality", **quality(clip.wav, marked, rate)}
    for chosen in (*attacks, *(mixes(other, rate) if other else ())):
        if not chosen.applies_to(marked):
            continue
        try:
            received = marked if chosen is CLEAN else chosen.apply(marked, rate, rng)
        except (AttackError, EncodeError) as error:
            # a codec that destroys a clip tells nothing about the mark: neither a success nor a failure
            yield {"kind": "unusable", "attack": chosen.name, "reason": str(error)}
            continue
        offset = float(rng.random())
        for seconds in lengths_s:
            excerpt = cut(received, seconds * rate, offset)
            found = detect(excerpt, rate, key, networks=networks, exhaustive=exhaustive)
            yield {
                "kind": "message",
                "attack": chosen.name,
                "seconds": seconds,
                "right": found.message == message,
                "wrong": found.message not in (None, message),
                "present": found.present,
                "p_value": found.p_value,
                "elapsed_s": found.elapsed_s,
                "duration_s": found.duration_s,
            }


def cut(wav: Tensor, length: int, offset: float) -> Tensor:
    """A part of audio, [C, T], that begins at a share of what may be left out."""
    length = min(wav.shape[-1], length)
    start = int(offset * (wav.shape[-1] - length))
    return wav[:, start : start + length]
