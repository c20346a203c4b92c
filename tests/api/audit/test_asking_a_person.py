"""Whole audits that must ask for a person: tags, credentials, and audio of which something is missing."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from api.audit.again import decide_again
from api.audit.audit import audit_file
from api.audit.policy_text import load_policy
from core.errors import WatermarkError
from provenance.credentials import own_tags
from provenance.credentials.findings import Credentials
from tests import fakes

ON = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("declared", "rules"),
    [("None", ["tags-say-ai"]), ("Undeclared", ["tags-say-ai"]), ("All", []), ("Partly", [])],
)
def test_tags_that_contradict_the_declaration_are_reviewed(declared: str, rules: list[str]) -> None:
    """Whoever reads them: our reader, or the demuxer, which knows containers that ours does not."""
    record = fakes.claims(ai_involvement={"overall": declared, "roles": {}})
    said = Credentials(False, tags=own_tags.said([("AIGC", '{"Label": "1"}')]))
    whole = fakes.clip()
    demuxed = replace(whole, source=replace(whole.source, tags=(("comment", "made with suno; id=1"),)))
    for answers in ({"credentials": said}, {"audio": demuxed}):
        result = audit_file(
            fakes.PATH,
            registry=fakes.Registry({fakes.RECORD: record}, matches=[fakes.match(fakes.RECORD)]),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
            settings=fakes.SETTINGS,
            engines=fakes.engines(detection=fakes.marked(), **answers),
            today=ON,
        )
        assert [rule.rule for rule in result.decision.rules] == rules
        assert result.findings.ownership.status == "match"


def test_tags_name_a_record_and_nobody_takes_their_word_for_it() -> None:
    tags = own_tags.said([("TRACKMARK_RECORD", fakes.RECORD), ("AI_INVOLVEMENT", "None")])
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(credentials=Credentials(False, tags=tags)),
        today=ON,
    )
    assert result.findings.ownership.status == "no_record"
    assert fakes.RECORD not in result.findings.named


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        ({"trusted": True, "valid": True, "content_bound": True}, "credentials-name-an-unknown-record"),
        ({"trusted": True, "valid": False, "content_bound": True}, "credentials-faulty"),
        ({"trusted": False, "valid": True, "content_bound": False}, "credentials-tampered"),
    ],
)
def test_credentials_that_ask_for_a_person(found: dict[str, Any], rule: str) -> None:
    credentials = fakes.credentials(record_id=fakes.OTHER, **found)
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(credentials=credentials),
        today=ON,
    )
    assert result.decision.action == "review"
    assert rule in [fired.rule for fired in result.decision.rules]


def test_an_audit_that_asks_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one check"):
        audit_file(
            fakes.PATH,
            registry=fakes.Registry(),  # type: ignore[arg-type]  # never asked
            settings=fakes.SETTINGS,
            checks=(),
        )


def test_what_is_missing_of_the_audio_is_told_with_how_it_is_known() -> None:
    whole = fakes.clip()
    cut = replace(whole, source=replace(whole.source, truncated=True, reasons=("pages are missing",)))
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(audio=cut, detection=WatermarkError("too plain")),
        today=ON,
    )
    assert [rule.rule for rule in result.decision.rules] == ["check-partly", "check-inconclusive"]
    assert "pages are missing" in result.decision.rules[0].text
    assert result.decision.rules[1].text == "The watermark could not be looked for: too plain."
    assert any("pages are missing" in warning for warning in result.warnings)


@pytest.mark.parametrize("count", [1, 3])
def test_audio_tracks_that_nobody_heard_ask_for_a_person(count: int) -> None:
    whole = fakes.clip()
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(audio=replace(whole, source=replace(whole.source, more_audio=count))),
        today=ON,
    )
    assert result.decision.action == "review"
    assert [rule.rule for rule in result.decision.rules] == ["check-partly"]
    assert f"{count} more audio track" in result.decision.rules[0].text
    assert any("only the first was audited" in warning for warning in result.warnings)
    told = result.to_dict()
    assert told["media"]["more_audio"] == count
    again = decide_again(told, load_policy(), on=ON)
    assert (again.action, [rule.rule for rule in again.rules]) == ("review", ["check-partly"])
