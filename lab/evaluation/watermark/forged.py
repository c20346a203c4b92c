"""Marks forged by somebody who has the public code and the weights, and no key.

Writes `docs/benchmarks/watermark-forged.md`.

    python -m lab.evaluation.watermark.forged [--data FOLDER] [--hosts 8]

Keys of the forger's own stand in for the one that is missing. Each forgery is asked with the victim's key,
for any mark and for a message of the victim's by its name, and with the forger's own key, which it was made
for.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lab.datasets import Recording, read_manifest
from lab.evaluation.watermark.by_name import asked, mid
from lab.evaluation.watermark.robustness import key_of
from lab.metrics import share
from provenance.watermark import WatermarkKey, chips, code, detect, embed, model
from provenance.watermark.grid import CELL_FRAMES, RATE, log_rows, stft
from provenance.watermark.level import readability

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "watermark-forged.md"
VICTIM = key_of("the victim")
MESSAGE = b"victim's"
STEPS = 50
SNR_DB = 24.0
"""How far a forgery by steps stays below its host: far louder than a mark."""
LOUDER = 4.0
"""Amplitude of the loudest mark that is forged."""
Row = dict[str, Any]


def forgeries(wav: Tensor, own: WatermarkKey, message: bytes) -> Iterator[tuple[str, Tensor]]:
    """Audio that a forger makes of a host, [1, T] at `grid.RATE`, by what was done."""
    yield "a mark with a key of the forger's", embed(wav, RATE, message, own)
    yield "the same, 12 dB louder", embed(wav, RATE, message, own, strength=LOUDER)
    start = chips.start_column(own, message)
    columns = stft(wav).shape[-1] // CELL_FRAMES + 1
    signs = torch.from_numpy(chips.layout(own).chips(code.encode(message, own), start, columns))
    yield f"{STEPS} steps towards a key of the forger's", climbed(wav, lambda seen: readability(seen, signs))
    yield f"{STEPS} steps towards any mark at all", climbed(wav, lambda seen: seen.square())


def climbed(wav: Tensor, wanted: Callable[[Tensor], Tensor], steps: int = STEPS) -> Tensor:
    """A host changed along the gradient of what the decoder sees, `SNR_DB` below it, [1, T] twice.

    Args:
        wav: the host.
        wanted: of the decoder's logits, [1, BANDS, M]: what is to rise in the mean.
        steps: how many.
    """
    decoder = model.shipped().decoder
    allowed = wav.square().sum().sqrt() * 10.0 ** (-SNR_DB / 20.0)
    change = torch.zeros_like(wav).requires_grad_()
    for _ in range(steps):
        spectrum = stft(wav + change)
        seen = decoder(log_rows(spectrum[..., : spectrum.shape[-1] // 2 * 2]))
        (slope,) = torch.autograd.grad(wanted(seen).mean(), change)
        with torch.no_grad():
            change += slope / slope.square().sum().sqrt() * allowed * 0.1
            change *= (allowed / change.square().sum().sqrt()).clamp_max(1.0)
    return (wav + change).detach()


def forged(hosts: Sequence[Recording]) -> Iterator[Row]:
    """A row for each host and forgery, each with a key of its own."""
    for number, host in enumerate(hosts):
        own, message = key_of(f"forger {number}"), np.random.default_rng(number).bytes(8)
        for name, audio in forgeries(mid(host), own, message):
            found = detect(audio, RATE, VICTIM)
            named = detect(audio, RATE, VICTIM, known=asked([MESSAGE]))
            yield {
                "forgery": name,
                "own": detect(audio, RATE, own).message == message,
                "present": found.present,
                "named": named.present,
                "p_value": min(found.p_value, named.p_value),
            }


def page(rows: Sequence[Row]) -> str:
    """The page, in Markdown."""
    card = model.shipped().card
    assert card is not None
    lines = [
        "# Watermark: forged without the key, measured",
        "",
        f"Written by `python -m lab.evaluation.watermark.forged`; do not edit. Weights `{card.sha256[:12]}`.",
        "",
        "Thirty seconds of each host. The forger has the code and the weights, and keys made for the purpose "
        "in place of the victim's. Steps go along the gradient of what the decoder sees, "
        f"{SNR_DB:.0f} dB below the host. *Own key*: read with the key that it was made for. *Present* and "
        "*by name*: with the victim's key, for any mark and for a message of the victim's. Per cent, 95 % "
        "Wilson intervals. The bound on chance is of the key's signs, whatever the audio is, so that no "
        "forgery without them can do better "
        "([decision 1](../decisions/0001-a-keyed-channel-on-a-log-frequency-grid.md)).",
        "",
        "| forgery | hosts | own key | present | by name | smallest p-value |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in dict.fromkeys(row["forgery"] for row in rows):
        some = [row for row in rows if row["forgery"] == name]
        cells = [share([row[kind] for row in some]) for kind in ("own", "present", "named")]
        smallest = min(row["p_value"] for row in some)
        lines.append(f"| {name} | {len(some)} | {' | '.join(cells)} | {smallest:.2g} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--hosts", type=int, default=8)
    args = parser.parse_args()
    torch.set_num_threads(1)
    hosts = [recording for recording in read_manifest(args.data) if recording.is_34s_test]
    PAGE.write_text(page(list(forged(hosts[:: max(1, len(hosts) // args.hosts)][: args.hosts]))), "utf-8")


if __name__ == "__main__":
    main()
