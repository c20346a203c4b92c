"""What one check tells of changes of speed and pitch, and what the others make of it."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from api.audit.audit import audit_file
from api.audit.checks import MOST_ASKED, where_named
from api.audit.findings import MatchFound, Searched
from tests import fakes
from tests.api.audit.asking import TODAY, audit
from tests.fakes import OTHER, RECORD, Part, Registry, engines, marked, match


def test_a_mark_at_another_speed_is_compared_at_its_own_speed() -> None:
    registry = Registry(matches=[])
    audit(registry, detection=marked(speed=1.1))
    assert registry.queries == 2
    registry.queries = 0
    audit(registry, detection=marked(speed=1.0))
    assert registry.queries == 1


def test_the_mark_is_looked_for_at_the_change_that_the_fingerprint_tells() -> None:
    asked: list[Any] = []

    class Marker(Part):
        def detect(self, *_asked: Any, exhaustive: bool = False, known: Any = ()) -> Any:
            asked.append(known)
            return self.answer

    registry = Registry(matches=[match(RECORD, speed=1.15, pitch=1.15), match(OTHER)])
    result = audit_file(
        fakes.PATH,
        registry=registry,  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=replace(engines(), marker=Marker(marked(speed=1.15))),
        today=TODAY,
    )
    ((moved, plain),) = asked
    assert [moved.speed, moved.pitch] == pytest.approx([1.15, 1.15], abs=1e-3)
    assert (moved.start_s, moved.end_s, moved.message.hex()) == (0.0, 9.0, RECORD)
    assert plain.unchanged and plain.message.hex() == OTHER
    assert result.findings.ownership.status == "match" and registry.queries == 1
    assert result.findings.mark.searched == Searched("full", ())


def test_the_marks_of_the_best_matches_are_asked_for_by_name() -> None:
    ids = [f"{number:016x}" for number in range(MOST_ASKED + 2)]
    known = where_named([MatchFound.of(match(one)) for one in ids])
    assert [k.message for k in known] == [bytes.fromhex(one) for one in ids[:MOST_ASKED]]
    far = where_named([MatchFound.of(match(one, speed=1.15, pitch=1.15)) for one in ids])
    assert len(far) == len(ids) and [k.message for k in far[MOST_ASKED:]] == [None, None]


@dataclass
class SecondFails:
    """A printer that answers once and breaks when it is asked again."""

    asked: int = 0

    def extract(self, _wav: Any, _rate: int) -> Any:
        self.asked += 1
        if self.asked > 1:
            raise RuntimeError("boom")
        return fakes.fingerprint((1, 2, 3))


@pytest.mark.parametrize("heard", [[], [match(OTHER)], [match(OTHER), match("ab" * 8)]])
def test_a_second_question_that_fails_keeps_what_the_first_found_and_accuses_nobody(heard: list[Any]) -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    registry = Registry({RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)}, matches=heard)
    result = audit_file(
        fakes.PATH,
        registry=registry,  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=replace(engines(detection=marked(speed=1.1)), printer=SecondFails()),
        today=TODAY,
    )
    found = result.to_dict()
    assert [m["record_id"] for m in found["fingerprint"]] == [m.record_id for m in heard]
    assert [t["record_id"] for t in found["ownership"]["tracks"]] == [OTHER][: len(heard)]
    assert found["checks"]["fingerprint"] == "failed"
    assert found["ownership"]["status"] == "mark_unconfirmed", "what was not compared is no other audio"
    assert "RuntimeError: boom" in found["ownership"]["text"]
    assert found["decision"]["rules"][0]["rule"] == "check-failed"
    assert found["decision"]["action"] == "review"


@pytest.mark.parametrize(
    ("found", "mark", "asked"),
    [
        ([], marked(), [()]),
        ([match(RECORD, speed=1.15, pitch=1.15)], marked(), [(1.15,)]),
        ([match(RECORD, speed=1.15, pitch=1.145)], marked(speed=1.1499, pitch_semitones=2.42), [(1.15,)]),
        ([match(RECORD, speed=1.1, pitch=1.0)], marked(), [()]),
        ([match(RECORD, speed=1.0, pitch=0.8885)], marked(), [(2 ** (-2 / 12),)]),
        ([], marked(speed=1.2, pitch_semitones=3.16), [(), (1.2,)]),
    ],
    ids=["none", "speed", "told twice", "tempo", "pitch", "by the mark"],
)
def test_the_music_detector_is_told_what_raised_the_pitch(
    found: list[Any], mark: Any, asked: list[tuple[float, ...]]
) -> None:
    told: list[tuple[float, ...]] = []

    class Ear:
        def hear(self, clip: Any, ratios: Any = ()) -> Any:
            told.append(tuple(ratios))
            return fakes.MUSIC

    audit_file(
        fakes.PATH,
        registry=Registry(matches=found),  # type: ignore[arg-type]
        settings=fakes.SETTINGS,
        engines=replace(engines(detection=mark), music=Ear()),
        today=TODAY,
    )
    assert [pytest.approx(ratios) for ratios in asked] == told
