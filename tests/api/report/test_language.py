"""A report says the same in every language: the same numbers, the same bytes each time, no English left."""

import copy
import itertools
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from api.audit.audit import PARTLY
from api.audit.policy_text import load_policy
from api.language import speaking
from api.language.catalogue import Language, catalogue
from api.language.spoken import translated
from api.report.document.audit import audit_document
from api.report.moments import moments
from api.report.rendered import render_report
from api.report.words.conditions import condition_text
from api.report.words.decoders import calibration_text, decoder_text, grid_text, group_text
from api.report.words.exhibits import UNWORDED, exhibit_text
from api.report.words.meanings import MEANINGS
from api.report.words.owned import owned_text
from api.report.words.reasons import UNTOLD, reason_text
from api.report.words.remarks import remark_text
from api.report.words.rules import DEFAULT_POLICY, rule_texts, source_text
from api.server.pages import cards, timeline
from detector.decoders import ARCHITECTURES
from detector.music.groups import group_of
from detector.music.misses import misses
from detector.music.tiers import GRIDS
from detector.voice.rates import error_rates
from provenance.records import report as report_format
from provenance.records.keys import Ed25519Signer
from tests.api.report.english import REMARKED_IN, ROOT, SAID_IN, english, sentences
from tests.api.report.statements import AUDITS, SEAL, statement, texts

STRANGERS = ("contested", "A Song", "A Label")
"""What the recorded audits quote of others: names, titles, reasons."""
NUMBER = re.compile(r"\d+(?:[.,]\d+)?(?:e-\d+)?")
CODES = re.compile(
    r"\b[0-9a-f]{8,}\b|[\w./-]*trackmark[\w./-]*|\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}|\d\d:\d\d:\d\d"
)


def told(name: str, language: Language) -> list[str]:
    """Every text, but for what a terminal answers letter for letter."""
    with speaking(language):
        parts = audit_document(statement(name), SEAL).to_dict()
    for part in parts["sections"]:
        part["blocks"] = [block for block in part["blocks"] if block["kind"] != "terminal"]
    return texts(parts)


def numbers(said: list[str]) -> list[str]:
    plain = " ".join(said).replace(",", ".")
    return sorted(number.strip(".") for number in NUMBER.findall(plain))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", AUDITS)
def test_a_power_of_ten_is_written_as_it_is_explained(name: str, language: Language) -> None:
    said = " ".join(told(name, language))
    assert "1e-6" in said and re.findall(r"e-0\d", said) == []


@pytest.mark.parametrize("name", AUDITS)
def test_a_german_report_leaves_nothing_in_english(name: str) -> None:
    said = {one.id: one.string for one in catalogue("de") if isinstance(one.id, str) and " " in one.id}
    texts = told(name, "de")
    assert {text for text in texts if text in said and said[text] != text} == set()
    assert {text for text in texts if english(text, *STRANGERS)} == set()


@pytest.mark.parametrize("name", AUDITS)
def test_a_german_page_of_an_audit_leaves_nothing_in_english(name: str) -> None:
    found = copy.deepcopy(AUDITS[name])
    found["decision"]["policy"] = "trackmark-default 1"
    with speaking("de"):
        shown = [
            asdict(cards.verdict(found)),
            *map(asdict, cards.cards(found)),
            *map(asdict, timeline.lanes(found)),
            *map(asdict, moments(found)),
        ]
        remarks = [remark_text(text) for text in found["warnings"]]
    shown_texts = [*texts(shown), *remarks]
    assert {text for text in shown_texts if english(text, *STRANGERS)} == set()


@pytest.mark.parametrize("reason", sentences(SAID_IN))
def test_no_reason_of_the_code_stays_english(reason: str) -> None:
    assert reason_text(reason) == reason
    with speaking("de"):
        again = reason_text(reason)
        assert again != translated(UNTOLD)
    assert again != reason
    assert not english(again)


@pytest.mark.parametrize("remark", sentences(REMARKED_IN))
def test_no_remark_of_the_code_stays_english(remark: str) -> None:
    with speaking("de"):
        assert not english(remark_text(remark))
        assert translated(UNTOLD) not in remark_text(remark)


def test_a_reason_that_nobody_foresaw_is_pointed_to_and_not_shown() -> None:
    with speaking("de"):
        for reason in ("the moon is full", "the check failed: RuntimeError: boom", "a; b"):
            assert not english(reason_text(reason))
            assert "signierte Datei" in reason_text(reason)


def test_several_reasons_are_told_one_after_the_other() -> None:
    said = f"{PARTLY}: damaged parts were left out; the audio is shorter than the file says"
    with speaking("de"):
        told = reason_text(said)
    assert told.endswith(": beschädigte Teile wurden ausgelassen; der Ton ist kürzer, als die Datei angibt")


def test_no_condition_stays_english() -> None:
    class Measured(dict[str, float]):
        def get(self, name: str, default: object = None) -> float:  # has any figure
            return 0.5

    codecs = ("flac", "mp3", "mp3float", "aac", "opus", "vorbis")
    conditions = {rate.condition for codec in codecs for rate in error_rates(Measured(), codec)}
    for codec, length_s, band_hz in itertools.product(codecs, (5.0, 100.0), (5e3, 16e3)):
        conditions |= {
            miss.condition for miss in misses(Measured(), duration_s=length_s, band_hz=band_hz, codec=codec)
        }
    with speaking("de"):
        kept = {text for text in conditions if condition_text(text) == text or english(condition_text(text))}
    assert kept == set()


def test_no_evidence_decoder_or_group_stays_english() -> None:
    data = {
        "band": {"band_hz": 1.0},
        "comb": {"spacing_hz": 75.0, "z": 9.0, "families": ["unknown decoder (75.00 Hz)"], "ambiguous": True},
        "lines": {"grid": "multiples of 1.378 kHz", "z": 4.0},
        "speed": {"speed": 1.1, "in_step_s": 0.3},
        "stationarity": {"synthetic": 3, "segments": 5},
        "looks": {"look": "left", "looks": 2},
        "adapter": {"name": "mine", "p_value": 0.2, "human": 40, "llr": None},
    }
    kinds = {
        kind
        for path in (ROOT / "detector").rglob("*.py")
        for kind in re.findall(r'Evidence\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert kinds == set(data)
    groups = {group_of(band_hz, s) for band_hz in (1e3, 1e4, 1.6e4) for s in (5.0, 10.0, 100.0)}
    names = {one.name for one in ARCHITECTURES} | {"unknown decoder (75.00 Hz)"}
    with speaking("de"):
        said = [exhibit_text({"kind": kind, "text": "x", "data": row}) for kind, row in data.items()]
        assert not english(" ".join([*said, *map(grid_text, GRIDS), *map(group_text, groups)]))
        assert not [text for text in said if text == translated(UNWORDED)]
        assert not [grid for grid in GRIDS if grid_text(grid) == grid]
        wordy = [name for name in names if re.search(r"(?<![\w-])[a-z]{4,}(?![\w-])", decoder_text(name))]
        assert {name for name in wordy if decoder_text(name) == name} == set()
        assert calibration_text("card 4, local sha256:abc") == "card 4, eigene sha256:abc"


def test_no_rule_of_the_default_policy_and_no_source_stays_english() -> None:
    rules = load_policy().rules
    found = copy.deepcopy(AUDITS["everything"])
    found["ownership"]["tracks"] = [
        {"of_others": True, "where": "1-2 s", "record_id": "ab", "title": "T", "stretches": []},
        {"objection": "invalid", "where": "3-4 s", "record_id": "cd", "title": None, "stretches": []},
    ]
    found["ownership"]["marks"] = [
        {"message": "ef" * 8, "record_known": known, "where": "5-6 s"} for known in (True, False)
    ]
    found["ownership"]["undeclared_s"] = 12.0
    found["watermark"]["searched"]["left_out"] = [{"start_s": 7.0, "end_s": 8.0}]
    found["voice"]["artists"] = [
        {"name": "Ada", "suspected": True, "consent": "none", "clone_score": 0.9, "similarity": 4.0}
    ]
    found["decision"] = {
        "policy": f"{DEFAULT_POLICY}1",
        "rules": [{"rule": rule.id, "text": rule.says, "source": rule.source} for rule in rules],
    }
    with speaking("de"):
        for rule, text in zip(found["decision"]["rules"], rule_texts(found), strict=True):
            assert not english(text, *STRANGERS), rule["rule"]
            assert text != rule["text"], rule["rule"]
            assert not english(source_text(rule), "soft bindings", "hard bindings"), rule["rule"]


@pytest.mark.parametrize("name", AUDITS)
def test_both_languages_tell_the_same_numbers(name: str) -> None:
    with speaking("en"):
        tables_en = _tables(name)
    with speaking("de"):
        tables_de = _tables(name)
    assert [numbers(row) for row in tables_de] == [numbers(row) for row in tables_en]


def _tables(name: str) -> list[list[str]]:
    """The value of each number of the report's tables."""
    document = audit_document(statement(name), SEAL)
    heads = [block for part in document.sections for block in part.blocks if block.kind == "table"]
    return [[row[1] for row in table.rows if len(row) > 1] for table in heads if len(table.head) == 4]


def test_a_german_report_speaks_german_of_what_was_not_found() -> None:
    said = " ".join(told("nothing", "de"))
    assert "das zeigt nicht, dass Menschen sie gemacht haben" in said
    assert "does not" not in said


def test_the_same_report_in_a_language_is_the_same_bytes_and_the_signed_file_does_not_change(
    tmp_path: Path,
) -> None:
    path = tmp_path / "song.report.dsse.json"
    path.write_bytes(report_format.sign_report(statement("everything"), [Ed25519Signer.generate()]).to_json())
    before = path.read_bytes()
    made = {form: render_report(form, path, None, language="de") for form in ("html", "pdf")}
    assert made["pdf"] == render_report("pdf", path, None, language="de")
    assert made["html"] != render_report("html", path, None)
    assert b'<html lang="de">' in made["html"]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["silence", "asked one"])
def test_what_was_not_checked_is_said_once_in_german(name: str) -> None:
    with speaking("de"):
        told = owned_text(AUDITS[name]["ownership"])
        meant = translated(MEANINGS["not_checked"])
    assert not english(told)
    assert "prüf" in told and "prüf" not in meant
