"""Certificates of registration, from records of a real registry."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.errors import UnknownEntry
from api.registry.registry import Registry
from api.report.document.blocks import Facts, Table, Text
from api.report.registered import record_certificate, render_certificate
from api.settings import Settings
from tests.api.report.statements import texts
from tests.api.serving import register


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def test_a_certificate_says_who_claimed_what_when_and_what_that_proves(registry: Registry) -> None:
    record_id = register(registry, title="A <Song>", owner="A Label").record_id
    paper = record_certificate(registry, record_id)
    assert paper.title == "Certificate of registration"
    assert paper.verdict.answer == "Registered"
    facts = paper.summary[1].blocks[0]
    assert isinstance(facts, Facts)
    told = dict(facts.rows)
    assert told["Owners"] == "A Label, 100\u00a0% of the master right, worldwide"
    assert told["Declared use of AI"] == "no AI was used"
    assert told["Log entry"] == "0"
    everything = " ".join(texts(paper.to_dict()))
    assert "That the claim is true: a registry writes down who claims what" in everything
    assert registry.keys.signer("record").keyid in everything
    assert paper.address is None


@pytest.mark.parametrize(
    ("act", "answer", "named"),
    [("dispute", "Registered, disputed", "Other Label"), ("revoke", "Revoked", "A Label")],
)
def test_a_dispute_or_revocation_stands_at_the_top_and_names_who_said_so(
    registry: Registry, act: str, answer: str, named: str
) -> None:
    record_id = register(registry, owner="A Label").record_id
    getattr(registry.events, act)(record_id, issuer=named, reason="it is ours")
    paper = record_certificate(registry, record_id)
    assert paper.verdict.answer == answer
    chain = next(section for section in paper.sections if section.title == "Chain of custody").blocks[0]
    assert isinstance(chain, Table)
    assert chain.rows[-1][1] == named
    assert "it is ours" in chain.rows[-1][2]


def test_what_was_revised_is_not_told_as_entered_when_the_record_was(registry: Registry) -> None:
    """Whoever registers one song early and calls the record another's later gets no early day for that."""
    record_id = register(registry, title="A Sketch", owner="A Label").record_id
    registry.events.amend(record_id, {"asset": {"title": "A Hit"}})
    paper = record_certificate(registry, record_id)
    short, facts = paper.summary[0].blocks[0], paper.summary[1].blocks[0]
    assert isinstance(short, Text) and isinstance(facts, Facts)
    assert "what it says now is its revision 2, entry 1 of the log" in short.text
    assert dict(facts.rows)["Log entry"] == "0; as it reads now: 1 (revision 2)"
    chain = next(section for section in paper.sections if section.title == "Chain of custody").blocks[0]
    assert isinstance(chain, Table)
    assert [row[2] for row in chain.rows] == [
        f"enters record {record_id} as entry 0",
        "claims “A Hit” in revision 2 of the record, entry 1 of the log",
    ]


def test_whoever_revoked_claims_nothing_any_more(registry: Registry) -> None:
    record_id = register(registry, title="A Song", owner="A Label").record_id
    registry.events.revoke(record_id, issuer="A Label", reason="a mistake")
    short = record_certificate(registry, record_id).summary[0].blocks[0]
    assert isinstance(short, Text)
    assert short.text.startswith("A Label claimed “A Song” as its own; the record has been revoked since.")


def test_the_pdf_carries_what_proves_the_record_and_is_the_same_each_time(registry: Registry) -> None:
    record_id = register(registry, title='#read("x") שלום 夜').record_id
    made = render_certificate("pdf", registry, record_id, "https://registry.example")
    assert re.search(rb"<pdfaid:part>3</pdfaid:part>", made)
    for name in (b"0001-register.record.dsse.json", b"0001-register.tlog-proof", b"keys.json"):
        assert name in made
    assert made == render_certificate("pdf", registry, record_id, "https://registry.example")
    page = render_certificate("html", registry, record_id, "https://registry.example").decode()
    assert "https://registry.example/verify" in page
    assert page == render_certificate("html", registry, record_id, "https://registry.example").decode()


def test_nothing_is_certified_that_is_not_there(registry: Registry) -> None:
    with pytest.raises(UnknownEntry):
        record_certificate(registry, "0123456789abcdef")
