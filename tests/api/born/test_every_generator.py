"""The output of every kind of generator is tagged by a watched folder, and found again after an MP3 of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.born import diary
from api.born.watch import Event, Watch
from api.born.wish import Wish
from api.registry.registry import Registry
from api.settings import Settings
from core.decode import decode
from core.encode import encode, recode
from core.limits import DEFAULT_LIMITS
from provenance import watermark
from provenance.formats import codec_for
from provenance.tag import tag
from tests import scores
from tests.api.born.generators import KINDS, Kind
from tests.signals import music

COVERAGE = Path(__file__).resolve().parents[3] / "docs" / "coverage.md"
LATER_S = 9e9


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path_factory.mktemp("home")))
    yield opened
    opened.close()


def put_out(kind: Kind, folder: Path) -> None:
    """What such a system exports, into a folder."""
    folder.mkdir()
    for number, name in enumerate(kind.stems):
        path = folder / f"{name}{kind.suffix}"
        codec, bit_rate = codec_for(path)
        if kind.score:
            notes = scores.tune(seed=10 + number, beats=16)
            wav = scores.played(notes, kind.sample_rate, tempo_bpm=120.0 + number).repeat(kind.channels, 1)
            path.with_suffix(".mid").write_bytes(scores.midi(notes, tracks=2))
        else:
            wav = music(kind.seconds, kind.sample_rate, 20 + number)[: kind.channels]
        encode(wav, kind.sample_rate, path, codec=codec, bit_rate=bit_rate)


def watched(store: Registry, source: Path, target: Path, generator: str) -> list[Event]:
    target.mkdir()
    wish = Wish("A Label", generator, "all")
    with diary.opened(target) as kept:
        return list(Watch(source, target, wish, store.ledger(), kept, tag, decode).round(LATER_S))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.row)
def test_its_output_is_tagged_and_found_again(kind: Kind, store: Registry, tmp_path: Path) -> None:
    put_out(kind, tmp_path / "in")
    events = watched(store, tmp_path / "in", tmp_path / "out", kind.row[:20])
    assert [event.state for event in events] == ["tagged"] * len(kind.stems), events
    key = store.keys.watermark()
    for event in events:
        assert event.tagged is not None
        record = store.records.verified(event.tagged.record_id).state.record
        assert record.generation is not None and record.ai_involvement.overall == "All"
        assert [one.relation for one in record.ingredients] == ["score"] * kind.score
        heard = decode(event.tagged.path, DEFAULT_LIMITS)
        assert (heard.sample_rate, heard.wav.shape[0]) == (kind.sample_rate, kind.channels)
        copy = recode(heard.wav, heard.sample_rate, codec="mp3", bit_rate=96_000)
        found = watermark.detect(copy, heard.sample_rate, key)
        assert found.present and found.message is not None
        assert found.message.hex() == record.record_id


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.row)
def test_coverage_says_so_in_its_row(kind: Kind) -> None:
    """Every kind of output that is tried here has one row, which says how it is tagged."""
    (row,) = [cells for cells in rows(kind.section) if cells[0].startswith(kind.row)]
    told = row[-1]
    assert kind.suffix[1:].upper() in told
    assert ("score" in told.lower()) == kind.score
    assert ("stem" in told.lower()) == (len(kind.stems) > 1)


def test_coverage_claims_no_tagging_that_is_not_tried() -> None:
    for section in {kind.section for kind in KINDS}:
        tried = tuple(kind.row for kind in KINDS if kind.section == section)
        for cells in rows(section):
            assert cells[0].startswith(tried) == (cells[-1] != "as any file"), cells[0]


def rows(section: str) -> list[list[str]]:
    text = COVERAGE.read_text(encoding="utf-8").split(f"## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    return [re.split(r"\s*\|\s*", line.strip("| ")) for line in lines]
