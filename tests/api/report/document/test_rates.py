"""Wherever a rate is told, it says of how many; and where none or all of them ended so, what that bounds."""

import copy
import re

import pytest

from api.language.catalogue import Language
from api.language.spoken import speaking
from api.report.document.audit import audit_document
from api.report.document.blocks import Table
from api.report.document.rates import music_rates, voice_rates, watermark_rates
from api.report.numbers import bound_text, rate_text
from lab.metrics import upper_bound, wilson
from tests.api.report.statements import AUDITS, SEAL, statement, texts

EDGE = re.compile(r"(?<![\d.,])(?:0|100)(?:[.,]0)?\u00a0%")
BOUND = re.compile(r"with 95 % confidence|mit 95 % Sicherheit|at most|höchstens")


def test_the_bounds_are_those_of_the_benchmarks() -> None:
    for count in (1, 57, 141, 20_000):
        most = upper_bound(0, count)
        assert f"{100 * most:.1f}\u00a0%" in bound_text(0.0, count) or count == 20_000
        assert f"{100 * wilson(count, count)[0]:.1f}\u00a0%" in bound_text(1.0, count)
    assert rate_text(0.0, 141) == "0.0\u00a0% of 141 (at most 2.1\u00a0% with 95 % confidence)"
    assert rate_text(1.0, 57) == "100.0\u00a0% of 57 (at least 93.7\u00a0% with 95 % confidence)"
    assert "0.015\u00a0%" in rate_text(0.0, 20_000), "never rounded to nothing"
    assert bound_text(0.5, 10) == bound_text(0.0, None) == ""


@pytest.mark.parametrize("codec", ["pcm_s16le", "mp3", "aac", "opus", "vorbis"])
@pytest.mark.parametrize("length_s", [10.0, 40.0])
def test_every_rate_of_the_shipped_models_tells_of_how_many(codec: str, length_s: float) -> None:
    report = statement("nothing")
    report["file"]["codec"], report["findings"]["duration_s"] = codec, length_s
    rows = [*watermark_rates(report), *voice_rates(report), *music_rates(report)]
    assert len(rows) >= 8
    for name, rate in rows:
        assert re.search(r"\bof \d", rate), (name, rate)
        assert BOUND.search(rate) or not EDGE.search(rate), (name, rate)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", AUDITS)
def test_no_text_of_a_report_tells_a_rate_of_none_or_all_without_a_bound(
    name: str, language: Language
) -> None:
    report = statement(name)
    for row in report["findings"]["voice"].get("error_rates") or ():
        row["clones_called"] = 0.0
    for miss in report["findings"]["ai"].get("misses") or ():
        miss["share"] = 0.0
    with speaking(language):
        document = audit_document(report, SEAL)
        rates = [
            text for text in texts(document.to_dict()) if re.search("trials|Versuche|found in|gefunden", text)
        ]
    for section in document.sections:
        tables = [block for block in section.blocks if isinstance(block, Table) and len(block.head) == 2]
        rates += [row[1] for table in tables for row in table.rows]
    for text in rates:
        assert BOUND.search(text) or not EDGE.search(text), text


def test_a_report_of_an_earlier_release_tells_what_it_holds() -> None:
    report = copy.deepcopy(statement("nothing"))
    for card in (one for one in report["models"] if one.get("metrics")):
        card["metrics"] = {name: one for name, one in card["metrics"].items() if "_n" not in name}
    assert ("Marks read aright, clips of 5 s, unchanged", "100.0\u00a0%") in watermark_rates(report)
