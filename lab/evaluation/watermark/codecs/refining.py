"""Do steps through a codec of our own make a mark that other codecs leave alone?

    python -m lab.evaluation.watermark.codecs.refining --composer FOLDER --python PYTHON --lyra FOLDER
        [--tracks 10] [--data FOLDER] [--runs FOLDER]

`--composer` is a snapshot of `lab.training.composer codec --fine`, through which the steps go; Lyra judges
(`lab.evaluation.watermark.codecs`). Writes `docs/benchmarks/watermark-refined.md`; protocol and rule are
those of decision 10. Results go line by line to `--runs`, so that a stopped run continues.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.codecs import Codec
from core.encode import recode
from lab.evaluation.watermark.codecs.page import NEEDED
from lab.evaluation.watermark.codecs.passing import OWN, Composers, Lyra
from lab.evaluation.watermark.codecs.slopes import MARGIN_S, Mark, Row, snr_db
from lab.evaluation.watermark.codecs.tracks import CUT_S, Track, tracks_of
from lab.evaluation.watermark.kept import Kept
from lab.evaluation.watermark.robustness import key_of
from lab.metrics import share
from provenance.watermark import level, masking, model
from provenance.watermark.grid import CELL_FRAMES, RATE, istft, log_rows, stft

PAGE = Path(__file__).resolve().parents[4] / "docs" / "benchmarks" / "watermark-refined.md"
STEPS = 20
LEARNING_RATE = 0.05
EDGE = 0.98
"""Patterns reach from -1 to 1; what is steeper than this is begun from here, so that it can move."""
WAYS = ("shipped", "refined")
BOOKS = 8
"""Of the codec that the steps go through: 12 kbit/s."""
LOSSY: tuple[tuple[Codec, int], ...] = (("mp3", 64_000), ("aac", 32_000))
TRACK_S = 2.0 * CUT_S


def marked(wav: Tensor, mark: Mark, through: Callable[[Tensor], Tensor] | None, steps: int = STEPS) -> Tensor:
    """A mark as it is shipped, or after steps of its pattern, [1, T] at `grid.RATE` twice.

    The steps raise what a cell tells the decoder, before a codec and behind it. Level over four seconds and
    bounds of noise to mask are those of the shipped mark at every step, since the same function sets them.

    Args:
        wav: the host.
        mark: what it is to carry.
        through: a codec that can be differentiated; None leaves the shipped pattern.
        steps: how many.
    """
    networks = model.shipped()
    host = _even(stft(wav))
    power = host.real.square() + host.imag.square()
    signs = torch.from_numpy(mark.chips(host.shape[-1] // CELL_FRAMES + 1))
    with torch.no_grad():
        pattern, snr = level.pattern_of(host, signs, networks)

    def played(pattern: Tensor) -> Tensor:
        gain = level.relative_gain(pattern, power, snr_db=snr, ceiling_db=level.CEILING_DB)
        return wav + istft(host * gain, wav.shape[-1])

    if through is None:
        return played(pattern)
    free = torch.atanh(pattern.clamp(-EDGE, EDGE)).requires_grad_()
    optimiser = torch.optim.Adam([free], lr=LEARNING_RATE)
    for _ in range(steps):
        now = played(torch.tanh(free))
        loss = -_bits(now, signs, networks) - _bits(through(now), signs, networks)
        optimiser.zero_grad()
        torch.autograd.backward([loss])
        optimiser.step()
    with torch.no_grad():
        return played(torch.tanh(free))


def _bits(wav: Tensor, signs: Tensor, networks: model.Model) -> Tensor:
    """What a cell tells the decoder in the mean, in bits."""
    return level.readability(networks.decoder(log_rows(_even(stft(wav)))), signs).mean()


def _even(spectrum: Tensor) -> Tensor:
    return torch.nn.functional.pad(spectrum, (0, spectrum.shape[-1] % 2))


def measured(track: Track, lyra: Lyra, own: Composers, books: int) -> Iterator[Row]:
    """Both ways of marking a track: their level, and what is heard of them."""
    wav, network = track.wav(), own.surrogate(books)
    mark = Mark(key_of(track.name), np.random.default_rng(track.seed).bytes(8))
    half = wav.shape[-1] / RATE / 2
    parts = [(MARGIN_S, 30.0), (half + MARGIN_S, 30.0), (MARGIN_S + 2.0, 60.0)]
    for way, through in (("shipped", None), ("refined", network)):
        began = time.process_time()
        made = marked(wav, mark, through)
        told = {"way": way, "cpu_s": time.process_time() - began, **_quality(wav, made)}
        copies = {"none": made, "steps went through it": network(made).detach()}
        copies |= {
            f"{name} at {rate // 1000}": recode(made, RATE, codec=name, bit_rate=rate) for name, rate in LOSSY
        }
        copies |= lyra.through(made, lyra.names)
        for name, copy in copies.items():
            statistic, _ = mark.statistics(copy)
            yield {**told, "codec": name, "statistic": statistic, "readings": mark.readings(copy, parts)}


def _quality(wav: Tensor, made: Tensor) -> Row:
    """Level of a mark, and the highest noise to mask of a band and frame, in dB."""
    host, change = (
        spectrum.real.square() + spectrum.imag.square() for spectrum in (stft(wav), stft(made - wav))
    )
    return {
        "snr_db": snr_db(wav, made),
        "highest_db": float(masking.noise_to_mask_db(change, host).max()),
    }


def page(rows: Sequence[Row], weights: str, step: int) -> str:
    """The page, in Markdown."""
    tracks = len({row["track"] for row in rows})
    lines = [
        "# Watermark: steps through a codec, measured",
        "",
        f"Written by `python -m lab.evaluation.watermark.codecs.refining`; do not edit. Weights `{weights}`. "
        "Protocol and rule, written before: "
        "[decision 10](../decisions/0010-what-steps-through-a-codec-must-bring.md).",
        "",
        f"{tracks} tracks of 68 s. *Refined* is the embedder's pattern after {STEPS} steps that raise what "
        f"cells tell the decoder, behind a codec of our own ({step} steps of training) and without it, at "
        "the same level and under the same mask. Lyra took no part in the steps. *Statistic*, *read* and "
        "*by name* as in [through neural codecs](watermark-codecs.md); "
        f"{NEEDED:.1f} is heard by name at any length.",
        "",
        "| codec | mark | statistic, median (lowest) | 30 s read | 30 s by name | 60 s present "
        "| 60 s by name |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for codec in dict.fromkeys(row["codec"] for row in rows):
        for way in WAYS:
            some = [row for row in rows if (row["codec"], row["way"]) == (codec, way)]
            lines.append(f"| {codec} | {way} | " + " | ".join(_cells(some)) + " |")
    lines += [
        "",
        "| mark | SNR, median dB | highest noise to mask, dB | processor time per second of audio |",
    ]
    lines += ["|---|---:|---:|---:|"]
    for way in WAYS:
        some = [row for row in rows if (row["codec"], row["way"]) == ("none", way)]
        cost = np.median([row["cpu_s"] for row in some]) / TRACK_S
        lines.append(
            f"| {way} | {np.median([row['snr_db'] for row in some]):.1f} "
            f"| {max(row['highest_db'] for row in some):.2f} | {cost:.3f} |"
        )
    wrong = sum(r["wrong"] for row in rows for r in row["readings"])
    lines += ["", f"Wrong messages: {wrong} of {sum(len(row['readings']) for row in rows)} readings."]
    return "\n".join(lines) + "\n"


def _cells(some: Sequence[Row]) -> list[str]:
    readings = {s: [r for row in some for r in row["readings"] if r["seconds"] == s] for s in (30, 60)}
    asked = ((30, "read"), (30, "heard"), (60, "present"), (60, "heard"))
    statistics = [row["statistic"] for row in some]
    shares = [share([r[kind] for r in readings[seconds]]) for seconds, kind in asked]
    return [f"{np.median(statistics):.1f} ({min(statistics):.1f})", *shares]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--composer", type=Path, required=True, help="folder of a fine codec's snapshot")
    parser.add_argument("--python", type=Path, required=True, help="interpreter with ai-edge-litert")
    parser.add_argument("--lyra", type=Path, required=True, help="folder of its three files")
    parser.add_argument("--tracks", type=int, default=10)
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=Path, default=Path("runs/watermark-refined"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    kept, own = Kept(args.runs), Composers(args.composer, *OWN["fine"])
    done = {row["track"] for row in kept.rows}
    with tempfile.TemporaryDirectory() as folder:
        lyra = Lyra(args.python, args.lyra, Path(folder))
        for track in tracks_of(args.data, args.tracks):
            if track.number not in done:
                kept.add({"track": track.number, **row} for row in measured(track, lyra, own, BOOKS))
                print(f"track {track.number + 1} of {args.tracks}", flush=True)
        lyra.close()
    PAGE.write_text(page(kept.rows, kept.weights, own.step), "utf-8")


if __name__ == "__main__":
    main()
