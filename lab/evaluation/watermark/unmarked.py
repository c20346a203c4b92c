"""False positives: audio without a mark of the key that looks."""

import zlib
from collections.abc import Container, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from lab.datasets import Recording
from lab.evaluation.watermark.robustness import key_of
from provenance.watermark import chips, code, model, reading, sync
from provenance.watermark.detection import detect
from provenance.watermark.embedding import embed
from provenance.watermark.finding import NOMINAL
from provenance.watermark.hunt import Hunt
from provenance.watermark.key import WatermarkKey
from provenance.watermark.receiver import plane_of, planes, views

WINDOW_S = 10.0


def false_positives(
    recordings: Sequence[Recording],
    keys: int,
    looks: int,
    done: Container[str] = (),
    search: str = "quick",
    part: tuple[int, int] = (0, 1),
) -> Iterator[dict[str, Any]]:
    """Ten-second windows, each looked at with fresh keys.

    The decoder does not know the key, so its output is computed once per window and searched with
    several keys, exactly as `detect` does: first the mid, then with sides and difference added.

    Args:
        recordings: audio without marks, taken in turn, a new place in each turn.
        keys: keys per window.
        looks: how many pairs of window and key in all.
        done: names of the windows that were looked at in an earlier run.
        search: `quick`, or `full` for every change of speed, tempo and pitch too.
        part: which share of the windows to look at, of how many.

    Yields:
        A row for each look; those of a window follow each other.
    """
    long = [recording for recording in recordings if recording.duration_s >= WINDOW_S]
    for number in range(-(-looks // keys)):
        turn, recording = number // len(long), long[number % len(long)]
        window = f"{recording.path.name} {turn}"
        if window in done or number % part[1] != part[0]:
            continue
        clip = recording.load()
        length = min(clip.wav.shape[-1], int(WINDOW_S * clip.sample_rate))
        rng = np.random.default_rng([turn, zlib.crc32(recording.path.name.encode())])
        start = int(rng.random() * (clip.wav.shape[-1] - length + 1))
        with torch.no_grad():
            seen = views(clip.wav[:, start : start + length], clip.sample_rate)
            decoded = planes(seen, model.shipped())
            for _ in range(keys):
                hunt = Hunt(WatermarkKey(rng.bytes(32)), model.shipped(), exhaustive=search == "full")
                hunt.search(seen, WINDOW_S, decoded)
                best = hunt.best
                yield {
                    "kind": "unmarked",
                    "p_value": hunt.p_value(best) if best else 1.0,
                    "message": bool(best and best.message),
                    "window": window,
                }


def unmarked_exhaustive(recordings: Sequence[Recording]) -> Iterator[dict[str, Any]]:
    """Thirty-second windows against the full search, one key each."""
    for recording in recordings:
        clip = recording.load()
        window = clip.wav[:, : 30 * clip.sample_rate]
        rng = np.random.default_rng(zlib.crc32(b"full" + recording.path.name.encode()))
        found = detect(window, clip.sample_rate, WatermarkKey(rng.bytes(32)), exhaustive=True)
        yield {
            "kind": "unmarked exhaustive",
            "p_value": found.p_value,
            "message": found.message is not None,
            "elapsed_s": found.elapsed_s,
            "duration_s": found.duration_s,
        }


def wrong_key(recordings: Sequence[Recording], keys: int) -> Iterator[dict[str, Any]]:
    """Marked audio read with keys that did not mark it: chips against what was embedded, and findings.

    The true place is handed to the wrong key, which is more than an attacker has.
    """
    for recording in recordings:
        clip, name = recording.load(), recording.path.name
        owner, rng = key_of(name), np.random.default_rng(zlib.crc32(b"wrong" + name.encode()))
        message = rng.bytes(8)
        marked = embed(clip.wav, clip.sample_rate, message, owner)
        with torch.no_grad():
            mid = plane_of(views(marked, clip.sample_rate)[0], model.shipped())
        true = sync.search(mid, chips.layout(owner))[0][0]
        for _ in range(keys):
            stranger = WatermarkKey(rng.bytes(32))
            soft = reading.soft_bits(sync.cells(mid, true.frames(mid)), true, chips.layout(stranger))
            error = float(np.mean((soft > 0) != (code.encode(message, stranger) > 0)))
            hunt = Hunt(stranger, model.shipped(), exhaustive=False)
            hunt.read(mid, NOMINAL)
            assert hunt.best is not None
            yield {
                "kind": "wrong key",
                "bit_error": error,
                "p_value": hunt.p_value(hunt.best),
                "message": hunt.best.message is not None,
            }
