"""Pairs of recordings without and with a mark, equally loud, and the page that asks for them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.clip import Clip
from core.encode import encode
from provenance.watermark import model
from provenance.watermark.embedding import embed
from provenance.watermark.key import WatermarkKey

PAGE = Path(__file__).with_name("abx.html")
ANCHOR_EVERY = 6
ANCHOR = 20.0
"""Times the mark's amplitude in a pair that anybody hears, 26 dB."""
PEAK = 0.9
FADE_S = 0.02


def write_kit(clips: Sequence[tuple[str, Clip]], out: Path, *, seconds: float, seed: int) -> int:
    """Write the pairs and the page.

    Args:
        clips: names and recordings; the middle of each is heard.
        out: the folder to make.
        seconds: how much of each.
        seed: of keys and messages.

    Returns:
        How many pairs.

    Raises:
        FileExistsError: `out` is there.
        WatermarkError: a clip cannot carry a mark.
    """
    card = model.shipped().card
    assert card is not None
    out.mkdir(parents=True)
    rng, trials = np.random.default_rng(seed), []
    for number, (name, clip) in enumerate(clips):
        rate, anchor = clip.sample_rate, number % ANCHOR_EVERY == ANCHOR_EVERY - 1
        marked = embed(clip.wav, rate, rng.bytes(8), WatermarkKey(rng.bytes(32)))
        if anchor:
            marked = clip.wav + ANCHOR * (marked - clip.wav)
        length = min(clip.wav.shape[-1], round(seconds * rate))
        start = (clip.wav.shape[-1] - length) // 2
        plain, marked = (wav[:, start : start + length] for wav in (clip.wav, marked))
        pair = matched(plain, marked, rate)
        for letter, wav in zip("ab", pair, strict=True):
            encode(wav, rate, out / f"{number:02}{letter}.flac", codec="flac", layout=clip.layout)
        trials.append({"number": number, "name": name, "anchor": anchor})
    told = json.dumps({"weights": card.sha256[:12], "seconds": seconds, "trials": trials})
    page = PAGE.read_text("utf-8").replace("__KIT__", told.replace("<", "\\u003c"))
    (out / "index.html").write_text(page, "utf-8")
    return len(trials)


def matched(plain: Tensor, marked: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Both [C, T] at one loudness (root mean square), within full scale, with ends that do not click."""
    edge = max(1, round(FADE_S * sample_rate))
    fade = torch.ones(plain.shape[-1])
    fade[:edge] = torch.linspace(0.0, 1.0, edge)
    fade[-edge:] = torch.linspace(1.0, 0.0, edge)
    louder = marked * (plain.square().mean() / marked.square().mean().clamp_min(1e-20)).sqrt()
    gain = min(1.0, PEAK / max(float(plain.abs().max()), float(louder.abs().max()), 1e-9))
    return plain * fade * gain, louder * fade * gain
