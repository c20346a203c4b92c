"""Page one of a PDF holds what was found, how sure that is, what it does not mean, and who signed."""

import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from api.language import LANGUAGES, speaking
from api.language.catalogue import Language
from api.report import pdf
from api.report.document.audit import audit_document
from api.report.document.blocks import Document
from api.report.document.frame import frame
from api.report.page import qr_code
from tests.api.report.statements import AUDITS, SEAL, statement, texts

LONG = "Donaudampfschifffahrtsgesellschaftskapitän " * 6
JARGON = re.compile(r"\b(LLR|EER|DSSE|bona fide|hash|logit|log10|AUC)\b")


def pages(document: Document, folder: Path) -> dict[str, int]:
    """On which page each section of the summary ends."""
    import typst

    shutil.copyfile(pdf.TEMPLATE, folder / "paper.typ")
    if document.address is not None:
        (folder / "address.svg").write_bytes(qr_code(document.address))
    inputs = {
        "document": json.dumps(document.to_dict()),
        "attachments": "[]",
        "frame": json.dumps(frame(document.language)),
        "moment": "[2026,11,28,11,33,16]",
    }
    told = typst.query(folder / "paper.typ", "<ends>", field="value", root=folder, sys_inputs=inputs)
    return {str(title): int(page) for title, page in json.loads(told)}


def promised(document: Document) -> set[str]:
    """Titles of the sections that page one promises: those before the reasons for the decision."""
    return {section.title for section in document.summary[:5]}


def crowded() -> dict[str, Any]:
    """Eight parties with long names claim one recording, and a long name disputes it."""
    found = statement("disputed", public=True)
    owned = found["findings"]["ownership"]
    claim = owned["claims"][0]
    owned["claims"] = [{**copy.deepcopy(claim), "owners": [f"{LONG}{n}"]} for n in range(8)]
    owned["text"] = "; ".join(LONG for _ in range(8))
    owned["record"]["title"] = LONG
    owned["record"]["owners"] = [{"name": f"{LONG}{n}", "right": "master"} for n in range(8)]
    found["file"]["name"] = f"{LONG}.wav"
    return found


def cloned() -> dict[str, Any]:
    """Three artists with long names are imitated."""
    found = statement("everything", public=True)
    artist = found["findings"]["voice"]["artists"][0]
    found["findings"]["voice"]["artists"] = [{**artist, "name": f"{LONG}{n}"} for n in range(3)]
    return found


def unconsented() -> dict[str, Any]:
    """A voice that sounds like an artist's, without a consent; nothing else is known of the recording."""
    found = statement("everything", public=True)
    for part in ("watermark", "credentials", "fingerprint", "ai", "ownership"):
        found["findings"][part] = copy.deepcopy(AUDITS["nothing"][part])
    found["findings"]["ai"]["misses"] = [{"condition": "in wide", "share": 0.63, "count": 31}]
    found["findings"]["voice"]["artists"][0] |= {"consent": "none", "consent_says": None}
    says = (
        "The vocals sound like a synthetic copy of Ada (clone score 0.97) and no consent covers it "
        "(consent: none)."
    )
    source = "Tennessee ELVIS Act; NO FAKES Act (pending)"
    rule = {"rule": "voice-clone-without-consent", "action": "review", "text": says, "source": source}
    found["findings"]["decision"] |= {"action": "review", "rules": [rule]}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_one_of_a_clone_holds_all_to_the_decision_and_the_file(
    language: Language, tmp_path: Path
) -> None:
    with speaking(language):
        document = audit_document(unconsented(), SEAL)
    ends = pages(document, tmp_path)
    assert len(ends) == len(document.summary) + 1 and set(ends.values()) == {1}, ends


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", AUDITS)
def test_page_one_holds_what_it_promises(name: str, language: Language, tmp_path: Path) -> None:
    with speaking(language):
        document = audit_document(statement(name, public=True), SEAL)
    ends = pages(document, tmp_path)
    assert {title: ends[title] for title in promised(document)} == dict.fromkeys(promised(document), 1)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("made", [crowded, cloned])
def test_long_names_and_many_claims_push_nothing_off_page_one(
    made: Any, language: Language, tmp_path: Path
) -> None:
    with speaking(language):
        document = audit_document(made(), SEAL)
    ends = pages(document, tmp_path)
    assert {title: ends[title] for title in promised(document)} == dict.fromkeys(promised(document), 1)
    assert LONG.split()[0] in " ".join(texts(document.to_dict()["sections"]))


def test_every_answer_that_was_measured_says_how_sure_it_is() -> None:
    document = audit_document(statement("everything"), SEAL)
    assert all(answer.sure.startswith("How sure: ") for answer in document.answers)
    assert "below one in a million (p-value 1e-12)" in document.answers[0].sure
    assert "below one in a million (p-value 1.2e-14)" in document.answers[1].sure
    assert "Score 0.97 on a scale from 0 to 1" in document.answers[3].sure
    assert "Of 1,204 comparable recordings by people" in document.answers[3].sure
    assert "about one in 810 (p-value 0.0012)" in document.answers[3].sure
    assert "0.97, for Ada" in document.answers[4].sure


@pytest.mark.parametrize("name", ["silence", "broken", "inconclusive"])
def test_what_was_not_measured_claims_no_sureness(name: str) -> None:
    document = audit_document(statement(name), SEAL)
    assert [a.sure for a in document.answers if a.answer in ("Not measured", "Check failed")] == [
        "" for a in document.answers if a.answer in ("Not measured", "Check failed")
    ]


@pytest.mark.parametrize("name", AUDITS)
def test_page_one_speaks_without_the_words_of_a_trade(name: str) -> None:
    document = audit_document(statement(name), SEAL)
    said = [document.verdict, *document.answers]
    told = " ".join([text for one in said for text in texts(vars(one))])
    assert not JARGON.findall(told)


def test_nothing_that_was_not_found_is_told_as_absent() -> None:
    answers = {a.question: a.answer for a in audit_document(statement("nothing"), SEAL).answers}
    assert answers["Does it carry this registry's watermark?"] == "No mark found"
    assert answers["Whose recording is it?"] == "No record found here"
    assert answers["Does the voice imitate an enrolled artist?"] == "No vocals found"


def test_a_voice_that_was_compared_with_nobody_is_told_as_that() -> None:
    found = statement("everything")
    found["findings"]["voice"] |= {"has_voice": True, "synthetic_score": 0.95, "artists": []}
    told = " ".join(texts(audit_document(found, SEAL).to_dict()["summary"]))
    assert "compared with no enrolled artist" in told
    assert "was not established" not in told
