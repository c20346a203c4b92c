"""Measure the watermark: messages after attacks, quality, false positives.

Writes `docs/benchmarks/watermark.md`.

    python -m lab.evaluation.watermark [--every 1] [--windows 2000] [--data FOLDER]

Hosts are the 34 s cuts of human music, none of which was trained on. Each is marked at its native rate,
attacked whole, and 30, 10 and 5 s are cut at one random offset. The untrained patchwork runs on the
same grid, code and level. Results go line by line to `--runs`, so a stopped run continues; the page and the
card's metrics are written from them.
"""

import argparse
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.errors import EncodeError
from core.resample import resample
from lab.attacks import CATALOGUE, Attack, AttackError, attack
from lab.datasets import Recording, read_manifest
from lab.evaluation.watermark_page import REQUIRED, write_metrics, write_page
from provenance.watermark import grid, masking, model
from provenance.watermark.detection import detect
from provenance.watermark.embedding import embed
from provenance.watermark.key import WatermarkKey

FURTHER = (
    "mp3_32",
    "aac_32",
    "opus_64",
    "opus_32",
    "vorbis_64",
    "codec_chain",
    "telephone",
    "white_20db",
    "white_10db",
    "eq_6db",
    "lowpass_4000",
    "highpass_500",
    "compressor",
    "limiter",
    "left_only",
    "echo",
    "reverb",
)
GEOMETRY = tuple(a.name for a in CATALOGUE if a.family == "time" and (a.tempo, a.pitch) != (1.0, 1.0))
LENGTHS_S = (30, 10, 5)


def key_of(name: str) -> WatermarkKey:
    """A fixed key per name, so that runs repeat."""
    return WatermarkKey(np.random.default_rng(zlib.crc32(name.encode())).bytes(32))


def quality(wav: Tensor, marked: Tensor, sample_rate: int) -> dict[str, float]:
    """SNR at the native rate and the noise-to-mask ratio of the mid signal."""
    change = marked - wav
    snr = 10.0 * torch.log10(wav.square().sum() / change.square().sum().clamp_min(1e-20))
    spectra = [grid.stft(resample(x.mean(0, keepdim=True), sample_rate, grid.RATE)) for x in (change, wav)]
    noise, host = (s.real.square() + s.imag.square() for s in spectra)
    ratio = masking.noise_to_mask_db(noise, host)[:, 3:-2]
    audible = host.sum(1, keepdim=True).expand_as(ratio) > 1e-3
    return {
        "snr_db": float(snr),
        "nmr_mean_db": float(10.0 * torch.log10((10.0 ** (ratio[audible] / 10.0)).mean())),
        "nmr_below_0": float((ratio[audible] <= 0.0).float().mean()),
    }


def robustness(
    recording: Recording,
    network: str,
    titles: tuple[str, ...],
    *,
    lengths_s: tuple[int, ...] = LENGTHS_S,
    exhaustive: bool = False,
) -> Iterator[dict[str, Any]]:
    """Mark, attack, cut, read: one row per attack and length."""
    clip = recording.load()
    name = recording.path.name
    key, rng = key_of(name), np.random.default_rng(zlib.crc32(name.encode()))
    message = rng.bytes(8)
    networks = model.shipped() if network == "trained" else model.patchwork()
    marked = embed(clip.wav, clip.sample_rate, message, key, networks=networks)
    yield {"kind": "quality", **quality(clip.wav, marked, clip.sample_rate)}
    for title in titles:
        chosen: Attack | None = None if title == "clean" else attack(title)
        if chosen is not None and not chosen.applies_to(marked):
            continue
        try:
            received = marked if chosen is None else chosen.apply(marked, clip.sample_rate, rng)
        except (AttackError, EncodeError) as error:
            # a codec that destroys a clip tells nothing about the mark: neither a success nor a failure
            yield {"kind": "unusable", "attack": title, "reason": str(error)}
            continue
        offset = float(rng.random())
        for seconds in lengths_s:
            length = min(received.shape[-1], seconds * clip.sample_rate)
            start = int(offset * (received.shape[-1] - length))
            excerpt = received[:, start : start + length]
            found = detect(excerpt, clip.sample_rate, key, networks=networks, exhaustive=exhaustive)
            yield {
                "kind": "message",
                "attack": title,
                "seconds": seconds,
                "right": found.message == message,
                "present": found.present,
                "p_value": found.p_value,
                "elapsed_s": found.elapsed_s,
                "duration_s": found.duration_s,
            }


def unmarked(recordings: list[Recording], windows: int, done: int) -> Iterator[dict[str, Any]]:
    """Ten-second windows without a mark, each against a key of its own."""
    count = 0
    while count < windows:
        for recording in recordings:
            turn = count // max(1, len(recordings))
            if recording.duration_s < 10.0:
                continue
            count += 1
            if count <= done:
                continue
            clip = recording.load()
            length = min(clip.wav.shape[-1], 10 * clip.sample_rate)
            rng = np.random.default_rng([turn, zlib.crc32(recording.path.name.encode())])
            start = int(rng.random() * (clip.wav.shape[-1] - length + 1))
            window = clip.wav[:, start : start + length]
            found = detect(window, clip.sample_rate, WatermarkKey(rng.bytes(32)))
            yield {"kind": "unmarked", "present": found.present, "p_value": found.p_value}
            if count >= windows:
                return


def _append(path: Path, row: dict[str, Any]) -> None:
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=Path, default=Path("runs/watermark-eval"))
    parser.add_argument("--every", type=int, default=1, help="take every n-th host")
    parser.add_argument(
        "--patchwork-every", type=int, default=3, help="of those, every n-th for the patchwork"
    )
    parser.add_argument(
        "--further-every", type=int, default=2, help="every n-th also meets the further attacks"
    )
    parser.add_argument("--geometry-every", type=int, default=4, help="of the hosts, for --exhaustive search")
    parser.add_argument("--windows", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--only", choices=("messages", "geometry", "unmarked", "page"), help="one part, to run parts at once"
    )
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.runs.mkdir(parents=True, exist_ok=True)
    card = model.shipped().card
    assert card is not None
    results = args.runs / f"{card.sha256[:12]}.jsonl"
    rows = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    finished = {(row["file"], row["network"]) for row in rows if row["kind"] == "finished"}
    recordings = read_manifest(args.data)
    hosts = [r for r in recordings if r.is_34s_test][:: args.every]
    if args.only in (None, "messages"):
        for network, chosen in (("trained", hosts), ("patchwork", hosts[:: args.patchwork_every])):
            for number, recording in enumerate(chosen):
                further = network == "trained" and number % args.further_every == 0
                if (recording.path.name, network) in finished:
                    continue
                origin = {"file": recording.path.name, "source": recording.source, "use": recording.use}
                found = list(robustness(recording, network, REQUIRED + (FURTHER if further else ())))
                for row in [*found, {"kind": "finished"}]:
                    _append(results, {**row, **origin, "network": network})
    if args.only in (None, "geometry"):
        for recording in hosts[:: args.geometry_every]:
            if (recording.path.name, "geometry") in finished:
                continue
            origin = {"file": recording.path.name, "source": recording.source, "use": recording.use}
            found = list(robustness(recording, "trained", GEOMETRY, lengths_s=(30, 10), exhaustive=True))
            for row in [*(r for r in found if r["kind"] != "quality"), {"kind": "finished"}]:
                _append(results, {**row, **origin, "network": "geometry"})
    if args.only in (None, "unmarked"):
        done = sum(row["kind"] == "unmarked" for row in rows)
        for row in unmarked([r for r in recordings if r.kind != "voices"], args.windows, done):
            _append(results, row)
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    write_page(rows, card)
    write_metrics(rows, args.runs / "metrics.json")


if __name__ == "__main__":
    main()
