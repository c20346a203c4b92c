"""The optional check: how near the audio comes to registered tracks; told, and never a verdict."""

import itertools
import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from api.audit.again import decide_again
from api.audit.asked import ALL, NAMES, OPTIONAL
from api.audit.audit import audit_file
from api.audit.policy_text import load_policy, parse_policy
from api.audit.result import AuditResult
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import InvalidInput, ProofError, WatermarkError
from detector.originality import Sketch, sketch
from tests import fakes, signals
from tests.api.audit.asking import TODAY, audit
from tests.api.serving import register
from tests.fakes import OTHER, RECORD, marked, match

RATE = 16_000
NOTHING = fakes.sketch(
    "the audio is silent", "the audio is silent", "the audio is silent", "the audio is silent"
)


@cache
def heard(seed: int) -> Sketch:
    return sketch(signals.music(30.0, RATE, seed), RATE)


def near(registry: fakes.Registry | None = None, **answers: object) -> AuditResult:
    return audit(registry or fakes.Registry(), **{"checks": NAMES, "sketch": heard(0), **answers})


def test_it_is_asked_by_its_name_only() -> None:
    assert set(OPTIONAL) & set(ALL) == set()
    result = audit()  # its part of the engines refuses to be asked
    assert result.findings.checks()["originality"] == "skipped"
    assert result.to_dict()["originality"] is None
    assert result.decision.action == "accept"


def test_the_nearest_tracks_are_told_and_decide_nothing() -> None:
    records = {RECORD: fakes.claims(title="The Same"), OTHER: fakes.claims(title="Another")}
    registry = fakes.Registry(records, sketched={RECORD: heard(0), OTHER: heard(1)})
    result = near(registry)
    told = result.to_dict()["originality"]
    assert told["reason"] is None
    assert (told["compared_with"], told["left_out"], told["same"]) == (2, 2, [])
    first = told["timbre"]["nearest"][0]
    assert (first["record_id"], first["title"]) == (RECORD, "The Same")
    assert first["distance"] == pytest.approx(0.0, abs=1e-4)
    assert 0.0 <= first["start_s"] < first["end_s"]
    assert result.decision.action == "accept"
    assert decide_again(result.to_dict(), load_policy(), on=TODAY).action == "accept"
    json.dumps(result.to_dict(), allow_nan=False)


def test_the_track_itself_is_not_among_the_near_ones() -> None:
    """By its fingerprint; by its mark where that gives no answer: a mark can be laid over other audio."""
    registry = fakes.Registry(
        {RECORD: fakes.claims(), OTHER: fakes.claims()},
        matches=[match(RECORD)],
        sketched={RECORD: heard(0), OTHER: heard(1)},
    )
    for answers, same in (
        ({}, [RECORD]),
        ({"detection": marked(OTHER)}, [RECORD]),
        ({"detection": marked(OTHER), "hashes": ()}, [OTHER]),
        ({"detection": WatermarkError("plain"), "hashes": ()}, []),
    ):
        told = near(registry, **answers).to_dict()["originality"]
        assert told["same"] == same
        assert told["compared_with"] == 2 - len(same)
        named = {one["record_id"] for one in told["timbre"]["nearest"]}
        assert named == {RECORD, OTHER} - set(same)


def test_what_a_record_that_does_not_verify_says_is_not_told() -> None:
    registry = fakes.Registry({RECORD: ProofError("broken")}, sketched={RECORD: heard(0)})
    assert near(registry).to_dict()["originality"]["timbre"]["nearest"][0]["title"] is None


@pytest.mark.parametrize(
    ("registry", "answers", "outcome", "reason"),
    [
        (fakes.Registry(), {}, "inconclusive", "no sketch of another registered track is kept"),
        (
            fakes.Registry(matches=[match(RECORD)], sketched={RECORD: heard(0)}),
            {},
            "inconclusive",
            "no sketch of another registered track is kept",
        ),
        (
            fakes.Registry(sketched={RECORD: heard(0)}),
            {"sketch": NOTHING},
            "inconclusive",
            "neither melody nor rhythm, timbre or structure could be measured",
        ),
        (
            fakes.Registry(sketched={RECORD: NOTHING}),
            {},
            "inconclusive",
            "what could be measured here could be measured in no other registered track",
        ),
        (fakes.Registry(), {"sketch": InvalidInput("broke")}, "failed", "the check failed: broke"),
        (fakes.Registry(), {"audio": fakes.clip(5.0, amplitude=0.0)}, "inconclusive", "the audio is silent"),
    ],
)
def test_a_question_that_cannot_be_answered_asks_for_a_person(
    registry: fakes.Registry, answers: dict[str, object], outcome: str, reason: str
) -> None:
    result = near(registry, **answers)
    assert result.findings.checks()["originality"] == outcome
    told = result.to_dict()
    assert told["originality"]["reason"].removeprefix("inconclusive: ") == reason
    assert told["originality"]["melody"]["nearest"] == []
    assert result.decision.action == "review"
    text = f"How near the audio comes to registered tracks could not be told: {reason}."
    assert text in [rule.text for rule in result.decision.rules]
    assert decide_again(told, load_policy(), on=TODAY).action == "review"


@pytest.mark.parametrize("asked", list(itertools.product((True, False), repeat=2)), ids=str)
def test_it_changes_nothing_that_the_other_checks_decide(asked: tuple[bool, bool]) -> None:
    """Beside checks that answer and checks that fail: the action is the more severe one."""
    answers, broken = asked
    sketched = {OTHER: heard(1)} if answers else {}
    registry = fakes.Registry({RECORD: fakes.claims(), OTHER: fakes.claims()}, sketched=sketched)
    others = {"music": WatermarkError("broke")} if broken else {}
    result = near(registry, **others)
    without = audit(registry, **others)
    assert result.decision.action == ("accept" if answers and not broken else "review")
    assert result.decision.rules[: len(without.decision.rules)] == without.decision.rules
    assert len(result.decision.rules) == len(without.decision.rules) + (not answers)


def test_a_policy_of_ones_own_may_ask_a_person_to_look() -> None:
    own = b"""[policy]
name = "p"
version = "1"
[[rule]]
id = "near"
action = "review"
says = "Melody near {title}."
in_force_from = 2026-01-01
last_checked = 2026-11-01
each = "originality.melody.nearest"
when = [{ field = "by_chance", at_most = 5.0 }]
"""
    registry = fakes.Registry({OTHER: fakes.claims(title="Another")}, sketched={OTHER: heard(0)})
    result = near(registry, policy=parse_policy(own))
    assert [rule.text for rule in result.decision.rules] == ["Melody near Another."]


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    registry = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield registry
    registry.close()


def test_tracks_of_other_tenants_are_never_near(opened: Registry) -> None:
    other = opened.for_tenant("other")
    theirs, own = register(other).record_id, register(opened, title="Ours").record_id
    other.sketches.keep(theirs, heard(0))

    def asked(registry: Registry) -> AuditResult:
        return audit_file(
            fakes.PATH,
            registry=registry,
            settings=fakes.SETTINGS,
            checks=OPTIONAL,
            engines=fakes.engines(sketch=heard(0)),
            today=date(2026, 11, 29),
        )

    assert asked(opened).findings.checks()["originality"] == "inconclusive"
    opened.sketches.keep(own, heard(1))
    told = asked(opened).to_dict()["originality"]
    assert (told["compared_with"], told["left_out"]) == (1, 0)
    named = {one["record_id"] for name in ("melody", "rhythm", "timbre") for one in told[name]["nearest"]}
    assert named == {own}
