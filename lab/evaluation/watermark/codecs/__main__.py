"""Measure what neural codecs leave of the mark, and of slower cells.

    python -m lab.evaluation.watermark.codecs --python PYTHON --lyra FOLDER
        [--tracks 10] [--data FOLDER] [--runs FOLDER]
    python -m lab.evaluation.watermark.codecs --composer FOLDER --runs FOLDER [--fine] [--tracks 10]
        [--data FOLDER]

PYTHON is the interpreter of an environment with `pip install ai-edge-litert numpy`; the first FOLDER holds
the three files `lyra/model_coeffs/*.tflite` of Lyra's repository, that of `--composer` a snapshot of
`lab.training.composer codec`, with `--fine` if that was. Writes `docs/benchmarks/watermark-codecs.md`, or of
the lab's own codecs `watermark-own-codec.md` and `watermark-fine-codec.md`; results go line by line to
`--runs`, one folder for each, so that a stopped run continues.
Protocol and rule: decision 8.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.encode import recode
from core.errors import EncodeError
from lab.evaluation.composer.judge import si_sdr_db
from lab.evaluation.watermark.codecs import slow
from lab.evaluation.watermark.codecs.page import OWN_PAGES, PAGE, chosen_size, own_page, page
from lab.evaluation.watermark.codecs.passing import OWN, Codecs, Composers, Lyra
from lab.evaluation.watermark.codecs.slopes import MARGIN_S, Mark, Row, snr_db
from lab.evaluation.watermark.codecs.tracks import Track, tracks_of
from lab.evaluation.watermark.kept import Kept
from lab.evaluation.watermark.neural import mel_distance_db
from lab.evaluation.watermark.robustness import key_of
from provenance.watermark import embed
from provenance.watermark.grid import HOP, RATE

DECIDES = "Lyra 6"
OPUS_BPS = (6000, 12_000)
"""Beside the composer's codec."""


def marks(track: Track, codecs: Sequence[Codecs]) -> Iterator[Row]:
    """The mark as it is shipped: what each codec leaves of its cells, and whether it is heard."""
    wav = track.wav()
    mark = Mark(key_of(track.name), np.random.default_rng(track.seed).bytes(8))
    marked = embed(wav, RATE, mark.message, mark.key)
    before = mark.levels(marked, wav)
    length_s = wav.shape[-1] / RATE
    half = length_s / 2
    parts = [(MARGIN_S, 30.0), (half + MARGIN_S, 30.0), (MARGIN_S + 2.0, 60.0)]
    yield {"codec": "none", **_told(mark, marked, parts)}
    for network in codecs:
        plain, heard = (network.through(one, network.names) for one in (wav, marked))
        for name in network.names:
            yield {
                "codec": name,
                "snr_db": snr_db(wav, plain[name]),
                "before": before.tolist(),
                "after": mark.levels(heard[name], plain[name]).tolist(),
                **_told(mark, heard[name], parts),
            }


def heard(track: Track, codecs: Sequence[Codecs]) -> Iterator[Row]:
    """How far codecs move what has no mark, and Opus beside them."""
    wav = track.wav()
    for network in codecs:
        for name, copy in network.through(wav, network.names).items():
            yield {"codec": name, **_moved(wav, copy)}
    for bit_rate in OPUS_BPS:
        with suppress(EncodeError):
            copy = recode(wav, RATE, codec="opus", bit_rate=bit_rate)
            yield {"codec": f"Opus {bit_rate // 1000}", **_moved(wav, copy)}


def _moved(wav: Tensor, copy: Tensor) -> Row:
    return {"distance_db": mel_distance_db(wav, copy, RATE), "si_sdr_db": si_sdr_db(wav, copy)}


def _told(mark: Mark, wav: Tensor, parts: list[tuple[float, float]]) -> Row:
    statistic, cells = mark.statistics(wav)
    return {"statistic": statistic, "cells": cells, "readings": mark.readings(wav, parts)}


def sizes(track: Track, codecs: Sequence[Codecs]) -> Iterator[Row]:
    """Every size of slower cells through the codec that decides, as loud as the mask allows."""
    wav = track.wav()
    for network in codecs:
        if DECIDES in network.names:
            plain = network.through(wav, (DECIDES,))
            for size in slow.SIZES:
                yield from _slower(track, wav, network, plain, size, "as the mask allows")


def chosen(size: slow.Size) -> Callable[[Track, Sequence[Codecs]], Iterator[Row]]:
    """One size through all codecs at both levels."""

    def measured(track: Track, codecs: Sequence[Codecs]) -> Iterator[Row]:
        wav = track.wav()
        for network in codecs:
            plain = network.through(wav, network.names)
            for level in slow.LEVELS:
                yield from _slower(track, wav, network, plain, size, level)

    return measured


def _slower(
    track: Track, wav: Tensor, network: Codecs, plain: dict[str, Tensor], size: slow.Size, level: str
) -> Iterator[Row]:
    marked = slow.mark(wav, size, slow.LEVELS[level], track.seed)
    heard = network.through(marked, tuple(plain))
    told = {"size": str(size), "level": level, "mark_snr_db": snr_db(wav, marked)}
    signs = size.signs(wav.shape[-1] // HOP + 1, track.seed)
    before = float(((slow.cells(marked, size) - slow.cells(wav, size)) * signs).sum())
    first, last = (round(at_s / size.seconds) for at_s in (2 * MARGIN_S, 2 * MARGIN_S + 60.0))
    for name in plain:
        received = slow.cells(heard[name], size)
        yield {
            **told,
            "codec": name,
            "before": before,
            "after": float(((received - slow.cells(plain[name], size)) * signs).sum()),
            "statistic": slow.statistic(received[:, first:last], signs[:, first:last]),
        }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, help="interpreter with ai-edge-litert")
    parser.add_argument("--lyra", type=Path, help="folder of its three files")
    parser.add_argument("--composer", type=Path, help="folder of a codec's snapshot, instead of Lyra")
    parser.add_argument("--fine", action="store_true", help="the snapshot is of a codec of 24 kbit/s")
    parser.add_argument("--tracks", type=int, default=10)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=Path, default=Path("runs/watermark-codecs"))
    args = parser.parse_args()
    if args.composer is None and not (args.python and args.lyra):
        parser.error("--python and --lyra are needed, or --composer")
    torch.set_num_threads(1)
    kept = Kept(args.runs)
    tracks = tracks_of(args.data, args.tracks)

    def measure(
        part: str,
        some: Sequence[Track],
        codecs: Sequence[Codecs],
        rows: Callable[[Track, Sequence[Codecs]], Iterator[Row]],
    ) -> None:
        for track in some:
            if (part, track.number) in {(row["part"], row["track"]) for row in kept.rows}:
                continue
            kept.add({"part": part, "track": track.number, **row} for row in rows(track, codecs))
            print(f"{part}: track {track.number + 1} of {len(tracks)}", flush=True)

    if args.composer is not None:
        which = "fine" if args.fine else "own"
        own = Composers(args.composer, *OWN[which])
        measure("heard", tracks, [own], heard)
        measure("marks", tracks, [own], marks)
        OWN_PAGES[which].write_text(own_page(kept.rows, kept.weights, which, own.step), "utf-8")
        return
    with tempfile.TemporaryDirectory() as folder:
        lyra = Lyra(args.python, args.lyra, Path(folder))
        measure("marks", tracks, [lyra], marks)
        measure("sizes", tracks[::4], [lyra], sizes)
        measure("chosen", tracks[1::2], [lyra], chosen(chosen_size(kept.rows)))
        lyra.close()
    PAGE.write_text(page(kept.rows, kept.weights), "utf-8")


if __name__ == "__main__":
    main()
