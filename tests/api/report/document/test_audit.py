"""The document of an audit: what page one says, and that every statement becomes one."""

import re

import pytest

from api.report.document.audit import audit_document
from api.report.document.blocks import Document, Facts, Points, Seal, Section, Table, Terminal, Text
from tests.api.report.statements import AUDITS, SEAL, statement, texts


def paper(name: str) -> Document:
    return audit_document(statement(name), SEAL)


def section(document: Document, title: str) -> Section:
    return next(s for s in (*document.summary, *document.sections) if s.title == title)


def said(part: Section) -> str:
    return " ".join(text for block in part.blocks for text in texts(block.__dict__))


@pytest.mark.parametrize("name", AUDITS)
def test_every_audit_becomes_a_document_that_tells_all_of_page_one(name: str) -> None:
    document = paper(name)
    assert [s.title for s in document.summary] == [
        "In short",
        "Who signed, and how to check it",
        "What was asked",
        "What was found",
        "What this does not mean",
        "Why the decision",
        "What would change the decision",
    ]
    assert len(document.answers) == 5 + name.startswith("near")
    assert all(s.blocks or s.title == document.answers_under for s in document.summary)
    for text in texts(document.to_dict()):
        assert "None" not in text.split() or text == "None", text  # no missing value is told as a word
        assert "bona fide" not in text
        assert "contradicted" not in text


@pytest.mark.parametrize("name", ["silence", "broken", "inconclusive"])
def test_what_was_not_answered_is_said_and_proves_nothing(name: str) -> None:
    told = said(section(paper(name), "What this does not mean"))
    assert "Not answered:" in told
    assert "Nothing follows from that" in told


def test_near_tracks_are_told_with_how_rare_that_is_and_never_as_copies() -> None:
    document = paper("near")
    told = said(section(document, "Which registered tracks is it most like?"))
    assert "“Another Song” (record ffeeddccbbaa9988)" in told
    assert "nearer than 99.99\u00a0% of pairs" in told, "rounded down: never told as all"
    assert "fewer than 0.01 tracks so near expected by chance" in told
    assert "0:12 to 0:32, there 1:02 to 1:22" in told
    assert "record 0123456789abcdef, which does not verify" in told
    assert "30.0 s are too short for a structure" in told
    assert "2 registered tracks were not compared" in told
    assert "does not mean that one was made from the other" in said(
        section(document, "What this does not mean")
    )
    assert "most like" not in " ".join(texts(paper("nothing").to_dict()))


def test_nothing_found_is_never_put_as_proof_of_people() -> None:
    document = paper("nothing")
    assert "does not show that people made it" in said(section(document, "In short"))
    assert "does not mean that people made the recording" in said(
        section(document, "What this does not mean")
    )
    assert "That is all that “accept” means" in said(section(document, "Why the decision"))


def test_misses_of_this_condition_stand_on_page_one() -> None:
    found = statement("nothing")
    found["findings"]["ai"]["misses"] = [{"condition": "as they were published", "share": 0.07}]
    document = audit_document(found, SEAL)
    assert "shows no trace either in 7\u00a0%" in said(section(document, "What this does not mean"))
    found["findings"]["ai"]["misses"].append({"condition": "after MP3", "share": 0.63})
    document = audit_document(found, SEAL)
    assert "7\u00a0% to 63\u00a0%" in said(section(document, "What this does not mean"))
    for miss, count in zip(found["findings"]["ai"]["misses"], (203, 31), strict=True):
        miss["count"] = count
    document = audit_document(found, SEAL)
    assert "(of 31 to 203 recordings each)" in said(section(document, "What this does not mean"))


def test_a_dispute_names_who_disputes_and_by_which_key() -> None:
    found = statement("everything")
    owned = found["findings"]["ownership"]
    owned["record"] |= {
        "status": "disputed",
        "logged_at": "2026-11-22T12:00:01.5+00:00",
        "statements": [
            {
                "type": "dispute.open",
                "issuer": "Other Label",
                "reason": "ours since 2019",
                "issued_at": "2026-11-23T08:00:00Z",
                "keyid": "ef" * 32,
            }
        ],
    }
    document = audit_document(found, SEAL)
    rows = section(document, "Chain of custody").blocks[0]
    assert isinstance(rows, Table)
    row = next(row for row in rows.rows if row[1] == "Other Label")
    assert row == (
        "2026-11-23 08:00:00 UTC",
        "Other Label",
        "disputes the claim: ours since 2019",
        "signature by key efefefefefefefef",
    )
    assert ("2026-11-22 12:00:01 UTC", "the log") in [row[:2] for row in rows.rows]
    assert "Other Label" in said(section(document, "Whose recording is it?"))


def test_a_number_has_its_scale_and_its_limit() -> None:
    document = paper("everything")
    music = next(
        b for b in section(document, "Are there traces of a machine?").blocks if isinstance(b, Table)
    )
    rows = {row[0]: row for row in music.rows}
    assert rows["Score"][1] == "0.97"
    assert rows["p-value"][1:] == (
        "0.0012",
        "0 to 1: share of 1,204 human recordings that score as high (group wide band, short)",
        "up to 0.01",
    )
    assert rows["Likelihood ratio"][3] == "from 1"
    voice = next(
        b
        for b in section(document, "Does the voice imitate an enrolled artist?").blocks
        if isinstance(b, Table)
    )
    limits = {row[0]: row[3] for row in voice.rows}
    assert limits["Clone score, Ada"] == "from 0.8 (policy, voice-clone-without-consent)"


def test_one_number_is_written_one_way() -> None:
    """The score stands in the finding, in a rule and in the evidence by time."""
    told = " ".join(texts(paper("everything").to_dict()))
    assert "0.971" not in told
    assert "0.00123" not in told
    assert told.count("0.97") >= 3


def test_error_rates_are_those_of_the_cards_that_were_signed() -> None:
    found = statement("everything")
    for card in found["models"]:
        if card["name"] == "music-decoder-clock":
            card["metrics"] = {
                "native_flagged_human": 0.0123,
                "native_flagged_human_upper": 0.0345,
                "native_n_human": 777.0,
            }
    told = said(section(audit_document(found, SEAL), "Are there traces of a machine?"))
    assert "1.2\u00a0% of 777 (at most 3.5\u00a0% with 95 % confidence)" in told
    for card in found["models"]:
        card.pop("metrics", None)
    document = audit_document(found, SEAL)  # as an earlier release signed it
    assert "777" not in said(section(document, "Are there traces of a machine?"))


def test_an_unchecked_signature_stands_above_everything() -> None:
    assert paper("everything").notice == ""
    document = audit_document(statement("everything"), Seal("ab" * 32, "", "x.report.dsse.json"))
    assert "was not checked" in document.notice
    assert "was not checked" in document.closing


def test_the_command_names_the_real_files_and_the_whole_key() -> None:
    found = statement("everything")
    found["file"]["name"] = "my song.wav"
    document = audit_document(found, Seal("ab" * 32, "x", "my song.wav.report.dsse.json"))
    how = section(document, "How to verify this report")
    typed = next(block for block in how.blocks if isinstance(block, Terminal)).lines[0]
    assert typed == (
        "trackmark verify-report 'my song.wav.report.dsse.json' --keys keys.json --audio 'my song.wav'"
    )
    key = next(block for block in how.blocks if isinstance(block, Facts))
    assert key.rows == (("Key of this report", "ab" * 32),)


def test_an_address_is_told_only_where_the_statement_names_one() -> None:
    assert paper("everything").address is None
    document = audit_document(statement("everything", public=True), SEAL)
    assert document.address == "https://registry.example/verify"
    assert "https://registry.example/.well-known/trackmark-keys.json" in said(
        section(document, "How to verify this report")
    )


def test_the_evidence_is_told_by_time() -> None:
    table = section(paper("everything"), "Evidence by time").blocks[0]
    assert isinstance(table, Table)
    assert all(re.fullmatch(r"\d+:\d\d to \d+:\d\d", row[0]) for row in table.rows)
    assert [row[1] for row in table.rows] == ["AI music", "Registered track", "Voice"]
    nothing = section(paper("nothing"), "Evidence by time").blocks[0]
    assert isinstance(nothing, Text)


def test_a_rule_of_another_policy_still_says_what_would_change_it() -> None:
    found = statement("everything")
    found["findings"]["decision"]["rules"] = [
        {"rule": "house-rule", "action": "reject", "text": "No bagpipes.", "source": None}
    ]
    told = section(audit_document(found, SEAL), "What would change the decision").blocks[0]
    assert told == Points(("Findings to which it no longer applies, or another policy.",))


HOSTILE = {
    "typst": '#let x = 1; #read("/etc/passwd") $a^2$ \\ *b* _c_ @d <e> `f` ]]',
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;",
    "right to left": "שלום \u202eevil\u202c مرحبا",
    "cjk": "夜に駆ける 한국어 中文",
    "emoji": "😀 \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f9ff",
    "nul": "a\x00b\x1b[31m\ud800\uffff\ue000",
    "long": "x" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_title_stays_a_legible_text_of_bearable_length(kind: str) -> None:
    found = statement("everything")
    found["file"]["name"] = HOSTILE[kind]
    found["findings"]["ownership"]["record"]["title"] = HOSTILE[kind]
    for text in texts(audit_document(found, SEAL).to_dict()):
        assert len(text) < 3 * 2300
        assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\ud800-\udfff]", text)
