"""Two files are compared: where one is heard in the other, and what is said where nothing can be."""

from pathlib import Path
from typing import Any

import pytest

from api.compare.compare import compare_files
from api.compare.comparison import Comparison
from core.errors import UnreadableAudio
from tests import fakes
from tests.api.compare import pairs


@pytest.fixture
def compare(tmp_path: Path) -> Any:
    def ask(original: bytes, suspect: bytes, **options: Any) -> Comparison:
        paths = [tmp_path / name for name in ("a.wav", "b.wav")]
        for path, content in zip(paths, (original, suspect), strict=True):
            path.write_bytes(content)
        registry: Any = fakes.Registry()
        return compare_files(
            *paths, registry=registry, settings=fakes.SETTINGS, engines=pairs.engines(), **options
        )

    return ask


def test_a_part_at_another_speed_is_found_where_it_lies(compare: Any) -> None:
    steps: list[tuple[str, float]] = []
    seen: list[str] = []
    found = compare(
        pairs.SONG,
        pairs.COPY,
        progress=lambda stage, done: steps.append((stage, done)),
        seen=lambda role, clip: seen.append(f"{role} {clip.source.name}"),
    )
    (part,) = found.alignment.stretches
    assert part.speed == pytest.approx(pairs.SPEED, abs=0.005)
    assert part.pitch_semitones == pytest.approx(1.0, abs=0.1)
    assert part.start_s == pytest.approx(pairs.LEAD_S, abs=1.5)
    assert part.original_start_s == pytest.approx(pairs.FROM_S, abs=1.5)
    assert part.original_end_s == pytest.approx(pairs.TO_S, abs=1.5)
    length_s = (part.end_s - part.start_s) * part.speed
    assert part.original_end_s - part.original_start_s == pytest.approx(length_s, abs=0.01)
    assert 0.5 < found.alignment.score <= 1 and part.p_value < 1e-6
    assert not found.same_bytes
    assert seen == ["original a.wav", "suspect b.wav"]
    done = [fraction for _, fraction in steps]
    assert done == sorted(done) and done[-1] == 1.0
    told = found.to_dict()
    assert told["suspect"]["ownership"]["status"] == "no_record"
    assert "decision" not in told["original"] and "ai" not in told["original"]


def test_the_same_file_is_told_as_such(compare: Any) -> None:
    found = compare(pairs.SONG, pairs.SONG)
    assert found.same_bytes
    assert found.alignment.score > 0.9


def test_nothing_shared_is_a_result(compare: Any) -> None:
    found = compare(pairs.SONG, pairs.OTHER)
    assert (found.alignment.outcome, found.alignment.stretches) == ("done", ())


@pytest.mark.parametrize("swapped", [False, True])
def test_silence_is_heard_nowhere_and_nothing_follows_from_that(compare: Any, swapped: bool) -> None:
    order = (pairs.SILENCE, pairs.SONG) if swapped else (pairs.SONG, pairs.SILENCE)
    found = compare(*order)
    assert found.alignment.outcome == "inconclusive"
    role = "original" if swapped else "suspect"
    assert found.alignment.reason == f"the {role}: the audio is silent"


def test_an_unreadable_file_is_named(compare: Any) -> None:
    with pytest.raises(UnreadableAudio, match=r"^the suspect: not audio$"):
        compare(pairs.SONG, pairs.BAD)
