"""What a consent says of a clone: each state has its answer, and none but an active one clears anything."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.audit.audit import audit_file
from api.audit.policy_text import parse_policy
from api.audit.result import AuditResult
from api.registry.consents import Consent, Terms
from api.settings import Settings
from detector.voice import ArtistScore, VoiceFinding
from tests import fakes

ON = date(2026, 11, 28)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
FIRST = date(2026, 1, 1)
RECORDED = {"artist": "Ada", "from": "2026-01-01T00:00:00Z", "to": None, "revoked_at": None}
OLD_POLICY = b"""
[policy]
name = "own"
version = "1"
[[rule]]
id = "clone"
action = "reject"
says = "{name}"
in_force_from = 2026-01-01
last_checked = 2026-11-01
each = "voice.artists"
when = [{ field = "clone_score", at_least = 0.5 }, { field = "consent", one_of = ["none", "expired"] }]
"""


def filed(scope: str = "singing", *, revoked: bool = False, **terms: Any) -> Consent:
    kept = Terms((scope,), **{"valid_from": FIRST, "licence": "L-1", **terms})
    ended = {"revoked_at": NOW, "revoked_reason": "the contract was ended"} if revoked else {}
    return Consent("c1", kept, NOW, **ended)  # type: ignore[arg-type]  # one of each


def heard(
    on_file: Sequence[Consent] = (), recorded: Sequence[Mapping[str, Any]] = (), policy: bytes | None = None
) -> AuditResult:
    registry = fakes.Registry(
        {fakes.RECORD: fakes.claims(voice_consents=list(recorded))},
        matches=[fakes.match(fakes.RECORD)],
        voices={"Ada": b"print"},
        consents={"Ada": on_file},
    )
    clone = ArtistScore("Ada", 4.0, 3.0, 0.97)
    return audit_file(
        fakes.PATH,
        registry=registry,  # type: ignore[arg-type]  # a stand-in
        settings=Settings(),
        policy=parse_policy(policy) if policy else None,
        engines=fakes.engines(detection=fakes.marked(), voice=fakes.voice(True, 0.99, clone)),
        today=ON,
    )


@pytest.mark.parametrize(
    ("on_file", "recorded", "state"),
    [
        ((), (), "none"),
        ([filed()], (), "active"),
        ([filed(valid_until=ON)], (), "active"),
        ([filed(valid_until=date(2026, 11, 27))], (), "expired"),
        ([filed(valid_from=date(2026, 11, 29))], (), "expired"),
        ([filed(revoked=True)], (), "revoked"),
        ([filed(revoked=True, valid_until=date(2026, 2, 1))], (), "revoked"),
        ([filed("training")], (), "other-scope"),
        ([filed("speech")], (), "other-scope"),
        ([filed(territories=("DE",))], (), "other-scope"),
        ([filed("training"), filed(revoked=True)], (), "other-scope"),
        ([filed(revoked=True), filed(licence="L-2")], (), "active"),
        ((), [{**RECORDED, "scope": "one album"}], "active"),
        ((), [{**RECORDED, "scope": "Training only"}], "other-scope"),
        ((), [{**RECORDED, "revoked_at": "2026-02-01T00:00:00Z"}], "revoked"),
        ([filed(revoked=True)], [{**RECORDED, "licence_id": "L-1"}], "revoked"),
        ([filed(revoked=True)], [{**RECORDED, "licence_id": "L-2"}], "active"),
        ([filed(licence=None, revoked=True)], [{**RECORDED, "licence_id": None}], "active"),
        ((), [{**RECORDED, "artist": "Bob"}], "none"),
    ],
)
def test_each_state_of_consent_has_its_answer(
    on_file: Sequence[Consent], recorded: Sequence[Mapping[str, Any]], state: str
) -> None:
    result = heard(on_file, recorded)
    (told,) = result.to_dict()["voice"]["artists"]
    assert told["consent"] == state and (told["consent_says"] is None) == (state == "none")
    rules = [rule.rule for rule in result.decision.rules]
    assert rules == ([] if state == "active" else ["voice-clone-without-consent"])
    own = heard(on_file, recorded, OLD_POLICY).decision.action
    assert own == ("accept" if state == "active" else "reject"), "in a policy of before these states"


def twice(second: float) -> VoiceFinding:
    """A copy of Ada's voice, and what is said of the same voice under a second name."""
    return fakes.voice(
        True,
        0.99,
        ArtistScore("Ada", 4.0, 3.0, 0.97, alike=("Countess",)),
        ArtistScore("Countess", 4.0, 3.0, second, alike=("Ada",)),
        ArtistScore("Bob", 0.0, -3.0, 0.01),
    )


@pytest.mark.parametrize(
    ("second", "consents", "states", "reviewed"),
    [
        (0.3, {}, ["none", "none"], True),
        (0.6, {"Ada": [filed()]}, ["unclear", "unclear"], True),
        (0.3, {"Ada": [filed()]}, ["active", "none"], False),
        (0.3, {"Countess": [filed()]}, ["unclear", "unclear"], True),
        (0.3, {"Ada": [filed()], "Countess": [filed(revoked=True)]}, ["unclear", "unclear"], True),
        (0.3, {"Ada": [filed()], "Countess": [filed()]}, ["active", "active"], False),
        (0.3, {"Bob": [filed()]}, ["none", "none"], True),
    ],
)
def test_what_one_of_two_names_allows_neither_clears_nor_goes_unsaid(
    second: float, consents: Mapping[str, Sequence[Consent]], states: list[str], reviewed: bool
) -> None:
    names = ("Ada", "Countess", "Bob")
    registry = fakes.Registry({}, voices=dict.fromkeys(names, b"print"), consents=consents)
    for policy in (None, parse_policy(OLD_POLICY)):
        result = audit_file(
            fakes.PATH,
            registry=registry,  # type: ignore[arg-type]  # a stand-in
            settings=Settings(),
            policy=policy,
            engines=fakes.engines(voice=twice(second)),
            today=ON,
        )
        ada, countess, _ = result.to_dict()["voice"]["artists"]
        assert [ada["consent"], countess["consent"]] == states
        assert (result.decision.action != "accept") == reviewed
        if states[0] == "unclear":
            assert "'Countess'" in ada["consent_says"] and "'Ada'" in countess["consent_says"]
            assert "consent c1 on file" in ada["consent_says"] + countess["consent_says"]


def test_who_is_alike_and_whom_the_vocals_speak_against_leaves_a_consent_as_it_is() -> None:
    registry = fakes.Registry(
        {},
        voices=dict.fromkeys(("Ada", "Eve"), b"print"),
        consents={"Ada": [filed()], "Eve": [filed(revoked=True)]},
    )
    found = fakes.voice(
        True,
        0.99,
        ArtistScore("Ada", 4.0, 3.0, 0.97, alike=("Eve",)),
        ArtistScore("Eve", 1.0, -0.2, 0.1, alike=("Ada",)),
    )
    result = audit_file(
        fakes.PATH,
        registry=registry,  # type: ignore[arg-type]  # a stand-in
        settings=Settings(),
        engines=fakes.engines(voice=found),
        today=ON,
    )
    assert result.to_dict()["voice"]["artists"][0]["consent"] == "active"
    assert result.decision.action == "accept"


def test_the_reason_of_a_revocation_and_what_a_lawyer_should_see_are_told() -> None:
    (told,) = heard([filed(revoked=True)]).to_dict()["voice"]["artists"]
    assert "revoked on 2026-06-01: the contract was ended" in told["consent_says"]
    assert "ten years" in told["consent_says"]
