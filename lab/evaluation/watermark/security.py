"""Attacks by somebody who studies marks: averages, collusion, second marks and transplants."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.resample import resample
from lab.datasets import Recording
from lab.evaluation.watermark.robustness import key_of
from provenance.watermark import model
from provenance.watermark.detection import Detection, detect
from provenance.watermark.embedding import embed
from provenance.watermark.grid import RATE, istft, log_rows, stft, synthesis_matrix, whiten

LENGTH_S = 30
LABEL = key_of("one label, many tracks")
"""The key that all the tracks of an averaging attack share."""


def without_the_key(hosts: Sequence[Recording], marked_tracks: int) -> Iterator[dict[str, Any]]:
    """One row per host and attack.

    Args:
        hosts: tracks to attack; the other tracks for averages are drawn from them, in turn.
        marked_tracks: how many marked tracks an attacker averages.
    """
    wavs = [_load(r) for r in hosts]
    messages = [np.random.default_rng(zlib.crc32(r.path.name.encode())).bytes(8) for r in hosts]
    tracks = [embed(wav, RATE, message, LABEL) for wav, message in zip(wavs, messages, strict=True)]
    extra = [
        embed(wavs[n % len(wavs)], RATE, np.random.default_rng(n).bytes(8), LABEL)
        for n in range(max(0, marked_tracks - len(tracks)))
    ]
    pool = [track / track.square().mean().sqrt() for track in [*tracks, *extra]][:marked_tracks]
    samples = torch.stack(pool).mean(0)
    template = torch.cat([whiten(log_rows(stft(x))) for x in pool]).mean(0, keepdim=True)
    for number, (wav, message, track) in enumerate(zip(wavs, messages, tracks, strict=True)):
        level = track.square().mean().sqrt() * marked_tracks**-0.5
        attacked = {
            f"average of {marked_tracks} subtracted": track
            - samples / samples.square().mean().sqrt() * level,
            f"log-spectrum of {marked_tracks} averaged and undone": _undo(track, template),
            "marked again with another key": embed(track, RATE, b"stranger", key_of("a stranger")),
        }
        for name, audio in attacked.items():
            yield _row(name, detect(audio, RATE, LABEL), [message])
        for size in (2, 4, 8):
            words = [message, *(np.random.default_rng([number, n]).bytes(8) for n in range(size - 1))]
            copies = torch.stack([embed(wav, RATE, word, LABEL) for word in words]).mean(0)
            yield _row(f"average of {size} copies with other messages", detect(copies, RATE, LABEL), words)
        leaked = _blind(track, snr_db=30.0, steps=100)
        yield _row("the decoder leaked: 100 gradient steps, 30 dB", detect(leaked, RATE, LABEL), [message])
        victim = wavs[(number + 1) % len(wavs)]
        yield _row("mark moved to another track", detect(victim + (track - wav), RATE, LABEL), [message])


def _load(recording: Recording) -> Tensor:
    """Thirty seconds of the mid at the mark's rate, so that tracks can be averaged, [1, T]."""
    clip = recording.load()
    wav = resample(clip.wav.mean(0, keepdim=True), clip.sample_rate, RATE)
    return wav[:, : LENGTH_S * RATE]


def _undo(track: Tensor, template: Tensor) -> Tensor:
    """Take an estimated pattern of gains out of a track, as strongly as a mark would be."""
    spectrum = stft(track)
    pattern = (synthesis_matrix() @ template)[..., : spectrum.shape[-1]]
    pattern = 0.1 * pattern / pattern.square().mean().sqrt()
    spectrum = spectrum[..., : pattern.shape[-1]] * torch.exp(-pattern)
    return istft(spectrum, track.shape[-1])


def _blind(track: Tensor, *, snr_db: float, steps: int) -> Tensor:
    """What somebody can do who has the decoder's weights but no key: make it see nothing.

    Projected gradient descent on the size of its logits, the change kept `snr_db` below the track.
    """
    decoder = model.shipped().decoder
    allowed = track.square().sum().sqrt() * 10.0 ** (-snr_db / 20.0)
    change = torch.zeros_like(track).requires_grad_()
    with torch.enable_grad():
        for _ in range(steps):
            spectrum = stft(track + change)
            seen = decoder(log_rows(spectrum[..., : spectrum.shape[-1] // 2 * 2])).square().mean()
            (slope,) = torch.autograd.grad(seen, change)
            with torch.no_grad():
                change -= slope / slope.square().sum().sqrt() * allowed * 0.1
                change *= (allowed / change.square().sum().sqrt()).clamp_max(1.0)
    return (track + change).detach()


def _row(name: str, found: Detection, messages: list[bytes]) -> dict[str, Any]:
    return {
        "kind": "security",
        "attack": name,
        "present": found.present,
        "right": found.message in messages,
        "wrong": found.message is not None and found.message not in messages,
    }
