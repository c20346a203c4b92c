"""Two lanes: neither rests while the other has something left that it could do."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import pytest

from api.audit.audit import audit_file
from api.audit.engines import Engines
from tests import fakes
from tests.api.audit.asking import TODAY
from tests.fakes import Part, Registry, engines, marked

LONG_S = 20.0
"""Beyond this nothing comes any more."""


@dataclass(frozen=True)
class Waits(Part):
    """A part that answers when the other one has been asked, and breaks where it never is."""

    other: Event = field(default_factory=Event)
    asked: Event = field(default_factory=Event)
    ratios: list[Sequence[float]] = field(default_factory=list)

    def _asked(self, *arguments: Any, **_options: Any) -> Any:
        self.ratios.append(arguments[-1])
        self.asked.set()
        if not self.other.wait(LONG_S):
            raise TimeoutError("the other part was not asked meanwhile")
        return self.answer

    hear = read = _asked


def outcomes(parts: Engines) -> dict[str, str]:
    """How each check of an audit with these parts ends."""
    result = audit_file(
        fakes.PATH,
        registry=Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=parts,
        today=TODAY,
    )
    return dict(result.findings.checks())


@pytest.mark.parametrize("slow", ["voice", "credentials"])
def test_the_music_is_heard_in_the_lane_that_is_free_first(slow: str) -> None:
    music = Waits(fakes.MUSIC)
    music.other.set()
    parts = replace(engines(), music=music)
    waiting: dict[str, Any] = {slow: Waits(getattr(parts, slow).answer, music.asked)}
    assert outcomes(replace(parts, **waiting))[slow] == "done"


def test_the_music_is_heard_again_at_the_change_that_a_mark_tells_whichever_lane_is_free() -> None:
    music = Waits(fakes.MUSIC)
    music.other.set()
    parts = replace(engines(detection=marked(speed=1.2, pitch_semitones=3.16)), music=music)
    assert outcomes(replace(parts, voice=Waits(fakes.VOICE, music.asked)))["voice"] == "done"
    assert music.ratios == [(), (1.2,)]
