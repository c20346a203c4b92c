"""Marks in the model against marking afterwards, by the rule of decision 0354.

    python -m lab.evaluation.composer.marking --folder runs/composer --one-core

Wants the music, the codec and the tries (`python -m lab.training.composer marking layers`). Rows go to
`marking.jsonl` in the folder, one for each recording, and a run that is stopped goes on; then it writes
`docs/benchmarks/in-model-mark.md`.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.errors import EncodeError
from lab.evaluation.composer import folded
from lab.evaluation.composer.judge import held_out
from lab.evaluation.composer.marking_page import WANTED, page
from lab.evaluation.watermark.quality import quality, visqol
from lab.evaluation.watermark.robustness import attacks_named, key_of
from lab.sound.transforms import AttackError
from lab.training.composer import music, snapshots
from lab.training.composer.__main__ import ONE_CORE_SHAPE
from lab.training.composer.marking import KINDS, MarkingDecoder, block
from lab.training.composer.running import used
from provenance.generate import Shape
from provenance.generate.composer import codec
from provenance.watermark import WatermarkKey, chips, code, detect, embed
from provenance.watermark.finding import PRESENT_P_VALUE
from provenance.watermark.grid import COLUMNS_PER_S

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "in-model-mark.md"
ATTACKS = (
    "clean",
    "mp3_128",
    "mp3_64",
    "aac_64",
    "resample_22050",
    "white_20db",
    "lowpass_4000",
    "crop_70",
)
LENGTHS_S = (30, 10)
PIECE_S = 30
AFTERWARDS = "afterwards"
Row = dict[str, Any]


@dataclass(frozen=True)
class Tenant:
    """Who marks one recording, and with what."""

    key: WatermarkKey
    other: WatermarkKey
    message: bytes

    @classmethod
    def of(cls, number: int) -> "Tenant":
        """The one of a recording."""
        message = np.random.default_rng(number).bytes(8)
        return cls(key_of(f"in-model {number}"), key_of(f"stranger {number}"), message)

    def signs(self, seconds: float) -> Tensor:
        """Signs of the mark's columns from the beginning on, [1, CELL_BANDS, columns]."""
        start, columns = chips.start_column(self.key, self.message), int(seconds * COLUMNS_PER_S) + 2
        spread = chips.layout(self.key).chips(code.encode(self.message, self.key), start, columns)
        return torch.from_numpy(spread)[None]


class Ways:
    """The untouched codec and every try that was trained."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.shape, self.codec = shape, codec(shape)
        self.steps = {"codec": self._load(folder / "codec", "codec", self.codec)}
        self.codec.eval().requires_grad_(False)
        self.tries: dict[str, MarkingDecoder] = {}
        for kind in KINDS:
            if (folder / f"marking-{kind}").exists():
                made = MarkingDecoder(codec(shape).decoder, shape, kind)
                self.steps[kind] = self._load(folder / f"marking-{kind}", "marking", made)
                self.tries[kind] = made.eval().requires_grad_(False)

    @staticmethod
    def _load(folder: Path, part: str, module: Any) -> int:
        kept = snapshots.read(folder)
        if kept is None:
            raise SystemExit(f"nothing was trained in {folder}")
        module.load_state_dict(used(part, kept[1]))
        return kept[0]

    def codes(self, wav: Tensor) -> Tensor:
        """Codes of audio, [1, T] to [1, K, N]."""
        encoded: Tensor = self.codec.encode(wav[None])[0]
        return encoded

    def plain(self, codes: Tensor) -> Tensor:
        """What the untouched decoder plays, [1, T]."""
        played: Tensor = self.codec.decode(codes)[0]
        return played[..., : codes.shape[-1] * self.shape.hop]

    def marked(self, kind: str, codes: Tensor, signs: Tensor) -> Tensor:
        """What a try plays, [1, T]."""
        played: Tensor = self.tries[kind](self.codec.decode_latent(codes), signs)[0]
        return played


@torch.no_grad()
def measure(ways: Ways, wav: Tensor, tenant: Tenant) -> Iterator[Row]:
    """All that is asked of one recording, [1, T]."""
    rate = ways.shape.rate
    codes, signs = ways.codes(wav), tenant.signs(wav.shape[-1] / rate)
    plain, decoding_s = _timed(lambda: ways.plain(codes))
    after, embedding_s = _timed(lambda: embed(plain, rate, tenant.message, tenant.key))
    ways_s = {AFTERWARDS: (after, decoding_s + embedding_s)}
    for kind in ways.tries:
        ways_s[kind] = _timed(lambda kind=kind: ways.marked(kind, codes, signs))  # type: ignore[misc]
    for way, (marked, seconds) in ways_s.items():
        yield {
            "kind": "quality",
            "way": way,
            **quality(plain, marked, rate),
            "moslqo": visqol(plain[:, : 10 * rate], marked[:, : 10 * rate], rate),
            "seconds": seconds / (wav.shape[-1] / rate),
        }
        yield from _read(way, marked, rate, tenant)
        again = ways.plain(ways.codes(marked))
        yield {"kind": "removal", "way": way, "by": "re-encoded", **_heard(way, again, rate, tenant)}
        swapped = plain if way != AFTERWARDS else None  # the mark afterwards is in no decoder
        if swapped is not None:
            yield {"kind": "removal", "way": way, "by": "swapped", **_heard(way, swapped, rate, tenant)}
            muted = ways.marked(way, codes, torch.zeros_like(signs))
            yield {"kind": "removal", "way": way, "by": "set to zero", **_heard(way, muted, rate, tenant)}


def _read(way: str, marked: Tensor, rate: int, tenant: Tenant) -> Iterator[Row]:
    for attack in attacks_named(ATTACKS):
        try:
            clean = attack.name == "clean"
            received = marked if clean else attack.apply(marked, rate, np.random.default_rng(0))
        except (AttackError, EncodeError) as error:
            yield {"kind": "unusable", "way": way, "attack": attack.name, "reason": str(error)}
            continue
        for seconds in LENGTHS_S:
            heard = _heard(way, received[:, : seconds * rate], rate, tenant)
            yield {"kind": "read", "way": way, "attack": attack.name, "seconds": seconds, **heard}
    strange = Tenant(tenant.other, tenant.key, tenant.message)
    yield {"kind": "stranger", "way": way, **_heard(way, marked, rate, strange, stranger=True)}


def _heard(way: str, wav: Tensor, rate: int, tenant: Tenant, *, stranger: bool = False) -> Row:
    """Whether the mark is there, and its message right; a try without messages is asked for its presence."""
    if way != "clock":
        found = detect(wav, rate, tenant.key)
        return {"present": found.present, "right": found.message == tenant.message, "p_value": found.p_value}
    key = tenant.key if stranger else None
    chance = folded.p_value(wav, rate, _block(key))
    return {"present": chance < PRESENT_P_VALUE, "right": chance < PRESENT_P_VALUE, "p_value": chance}


def _block(key: WatermarkKey | None) -> folded.Signs:
    """Signs of the block that `clock` learned, or of a stranger's."""
    if key is None:
        return np.asarray(block().numpy(), np.float32)
    return chips.layout(key).chips(code.encode(bytes(8), key), 0, chips.BLOCK_COLUMNS)


def _timed(make: Callable[[], Tensor]) -> tuple[Tensor, float]:
    started = time.process_time()
    return make(), time.process_time() - started


def main() -> None:
    """Measure what was not measured yet, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("runs/composer"))
    parser.add_argument("--one-core", action="store_true", help="the codec has the shape of that plan")
    parser.add_argument("--music", type=Path, help="of the held-out recordings, if it is elsewhere")
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--pieces", type=int, default=WANTED, help="recordings; the rule asks for twelve")
    given = parser.parse_args()
    torch.set_num_threads(1)
    heard = held_out(music.load(given.music or given.folder / "music"), PIECE_S)[: given.pieces]
    ways = Ways(given.folder, ONE_CORE_SHAPE if given.one_core else Shape())
    kept = given.folder / "marking.jsonl"
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {row["piece"] for row in rows}
    for number, wav in enumerate(heard):
        if number not in done:
            new = [{"piece": number, **row} for row in measure(ways, wav, Tenant.of(number))]
            with kept.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in new)
            rows += new
    given.page.write_text(page(rows, ways.steps), encoding="utf-8")


if __name__ == "__main__":
    main()
