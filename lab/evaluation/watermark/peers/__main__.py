"""Measure a peer's watermark and ours on the same clips: is the mark still heard after each attack?

    python -m lab.evaluation.watermark.peers --perth PYTHON [--every N] [--data FOLDER] [--runs FOLDER]

PYTHON is the interpreter of an environment with this project's requirements and
`pip install resemble-perth "setuptools<80"`. Writes `docs/benchmarks/watermark-peers.md`; results go line by
line to `--runs`, so that a stopped run continues.
"""

import argparse
import json
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.errors import EncodeError
from core.resample import resample
from lab.datasets import Recording, read_manifest
from lab.evaluation.watermark.kept import Kept
from lab.evaluation.watermark.peers.page import PAGE, page
from lab.evaluation.watermark.quality import quality
from lab.evaluation.watermark.robustness import CLEAN, HARD, REQUIRED, attacks_named, key_of
from lab.sound.transforms import AttackError
from provenance.watermark.detection import detect
from provenance.watermark.embedding import embed

RATE = 32_000
"""Perth's own, in Hz, so that no resampling speaks against it."""
SECONDS = 10
CHANGES = ("speed_0.95", "speed_1.05", "tempo_0.95", "tempo_1.05", "pitch_0.89", "pitch_1.12", "crop_70")
Heard = Callable[[Tensor], dict[str, Any]]


class Perth:
    """Perth, in a process of another environment."""

    def __init__(self, python: Path, folder: Path) -> None:
        command = [str(python), "-m", "lab.evaluation.watermark.peers.perth_child"]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._path, self._out = folder / "in.npy", folder / "out.npy"

    def mark(self, wav: Tensor) -> Tensor:
        """A marked copy of [1, T]."""
        self._ask("mark", wav)
        marked = torch.from_numpy(np.load(self._out))
        return torch.nn.functional.pad(marked, (0, max(0, wav.shape[-1] - len(marked))))[
            None, : wav.shape[-1]
        ]

    def heard(self, wav: Tensor) -> dict[str, Any]:
        """Its confidence, 0 to 1; it rounds to tell presence."""
        return self._ask("detect", wav)

    def close(self) -> None:
        """End the process."""
        with self._child:  # closes both pipes, then waits
            pass

    def _ask(self, do: str, wav: Tensor) -> dict[str, Any]:
        assert self._child.stdin is not None and self._child.stdout is not None
        np.save(self._path, wav.mean(0).numpy())
        asked = {"do": do, "path": str(self._path), "rate": RATE, "out": str(self._out)}
        self._child.stdin.write(json.dumps(asked) + "\n")
        self._child.stdin.flush()
        told: dict[str, Any] = json.loads(self._child.stdout.readline())
        return told


def rows(host: Recording, perth: Perth) -> Iterator[dict[str, Any]]:
    """One row for the quality of each mark, each unmarked look, and each mark after each attack."""
    clip, name = host.load(), host.path.name
    wav = resample(clip.wav.mean(0, keepdim=True), clip.sample_rate, RATE)[:, : SECONDS * RATE].contiguous()
    key, message = key_of(name), np.random.default_rng(zlib.crc32(name.encode())).bytes(8)

    def ours(received: Tensor) -> dict[str, Any]:
        found = detect(received, RATE, key, exhaustive=True)
        return {"p_value": found.p_value, "present": found.present}

    for who, marked, heard in (
        ("ours", embed(wav, RATE, message, key), ours),
        ("perth", perth.mark(wav), perth.heard),
    ):
        told = {"who": who, "host": name}
        yield {**told, "kind": "quality", **quality(wav, marked, RATE)}
        yield {**told, "kind": "unmarked", **heard(wav)}
        yield from ({**told, "kind": "attack", **row} for row in _attacked(name, marked, heard))


def _attacked(name: str, marked: Tensor, heard: Heard) -> Iterator[dict[str, Any]]:
    for attack in attacks_named((*REQUIRED, *HARD, *CHANGES)):
        rng = np.random.default_rng([zlib.crc32(name.encode()), zlib.crc32(attack.name.encode())])
        if not attack.applies_to(marked):
            continue
        try:
            received = marked if attack is CLEAN else attack.apply(marked, RATE, rng)
        except (AttackError, EncodeError):  # a codec that destroys a clip tells nothing about a mark
            continue
        yield {"attack": attack.name, **heard(received)}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--perth", type=Path, required=True, help="interpreter with resemble-perth")
    parser.add_argument("--every", type=int, default=2, help="every which host is taken")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--runs", type=Path, default=Path("runs/watermark-peers"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    kept = Kept(args.runs)
    with tempfile.TemporaryDirectory() as folder:
        perth = Perth(args.perth, Path(folder))
        for host in [r for r in read_manifest(args.data) if r.is_34s_test][:: args.every]:
            if host.path.name in {row["host"] for row in kept.rows}:
                continue
            kept.add(rows(host, perth))
        perth.close()
    PAGE.write_text(page(kept.rows, kept.weights), "utf-8")


if __name__ == "__main__":
    main()
