"""Gathering what a composer learns from.

Openly licensed human music, without what only the GPL opens, whose demands on what a model plays nobody
knows; and tunes made in the lab, of which there is no end and which are nobody's. Music of a quarter of the
collections is never trained on, nor any song of which a long cut is kept for the tests of watermark and
fingerprint, so that the codec can be an attack in them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import soundfile
import torch
from torch import Tensor

from core.decode import stream
from core.resample import resample
from lab.datasets import Recording, fold_of, read_manifest
from lab.sound.tunes import arrangement, render, tune
from lab.training.composer.music import TABLE, WAVE, Piece
from lab.training.decoders.clips import FOLDS, TEST_FOLD
from lab.training.music.listed import listed

LEVEL_RMS = 0.12
PEAK = 0.95
TUNE_S = 30.0
EACH_S = 40.0
COMPRESSION = 0.3
"""Of Vorbis, 0 the best: some 80 kbit/s for one channel at 24 kHz."""
BLOCK = 1 << 16
"""Samples written at once; libsndfile's Vorbis takes a piece of its stack for each."""


def pack(
    folder: Path,
    rate: int,
    *,
    data: Path | None = None,
    more: Path | None = None,
    each_s: float = EACH_S,
    tunes: int = 0,
) -> int:
    """Write music to a folder.

    Args:
        folder: to be made.
        rate: of the music in it, in Hz.
        data: the data folder (`lab.datasets`).
        more: a folder with `more_local.csv` (`lab.training.music.listed`), taken instead of the manifest's.
        each_s: what is taken of a recording at most, from where the list says.
        tunes: how many tunes of half a minute the lab adds.

    Returns:
        How many pieces there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pieces: list[Piece] = []
    with soundfile.SoundFile(
        folder / WAVE, "w", rate, 1, "VORBIS", format="OGG", compression_level=COMPRESSION
    ) as out:
        for source, held_out, wav in _all(rate, data, more, each_s, tunes):
            first = pieces[-1].first + pieces[-1].length if pieces else 0
            pieces.append(Piece(source, first, len(wav), held_out))
            for start in range(0, len(wav), BLOCK):
                out.write(wav[start : start + BLOCK].numpy())
    rows = [asdict(piece) for piece in pieces]
    (folder / TABLE).write_text(json.dumps({"rate": rate, "pieces": rows}), encoding="utf-8")
    return len(pieces)


def _all(
    rate: int, data: Path | None, more: Path | None, each_s: float, tunes: int
) -> Iterator[tuple[str, bool, Tensor]]:
    """Collection, whether it is held out, and samples at one loudness, [T]."""
    manifest = read_manifest(data)
    long = {row.origin for row in manifest if row.is_34s_test}
    for row in manifest if more is None else listed(more):
        held_out = fold_of(row.source, FOLDS) == TEST_FOLD
        mine = (
            row.kind == "human_music"
            and row.label == "human"
            and row.use == "open"
            and "GPL" not in row.licence
        )
        if mine and (held_out or row.origin not in long):
            yield row.source, held_out, _levelled(_part(row, each_s, rate, whole=more is not None))
    for seed in range(tunes):
        wav = render(tune(seed, phrases=2), arrangement(seed), rate)[0, : round(TUNE_S * rate)]
        yield "tunes", seed % FOLDS == TEST_FOLD, _levelled(wav)


def _part(row: Recording, each_s: float, rate: int, *, whole: bool) -> Tensor:
    """The recording, or what is taken of a whole one, mono, [T]."""
    with stream(row.path) as audio:
        first = round(row.start_s * audio.sample_rate) if whole else 0
        last = first + round(each_s * audio.sample_rate)
        parts, heard = [], 0
        for block in audio.blocks:
            parts.append(block[:, max(0, first - heard) : last - heard].mean(0))
            heard += block.shape[-1]
            if heard >= last:
                break
        return resample(torch.cat(parts), audio.sample_rate, rate)


def _levelled(wav: Tensor) -> Tensor:
    gain = LEVEL_RMS / wav.square().mean().sqrt().clamp_min(1e-4)
    return wav * torch.minimum(gain, PEAK / wav.abs().max().clamp_min(1e-4))
