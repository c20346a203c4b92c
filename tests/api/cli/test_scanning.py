"""How far a scan is, told by lines."""

from api.cli.scanning import EVERY_S, Told


class Clock:
    """A time that is set."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_lines_tell_the_rate_of_this_run_and_what_is_left() -> None:
    clock, lines = Clock(), list[str]()
    told = Told(1000, lines.append, clock)
    clock.seconds = 100.0
    told.begin(600)
    assert lines == ["1000 files, 600 done before"]
    clock.seconds += EVERY_S - 1
    told.update(640)
    assert len(lines) == 1
    clock.seconds += 1
    told.update(700)
    assert lines[1:] == ["700 of 1000 files, 200.0 files a minute, 1:30 left"], (
        "without what was there before"
    )
    clock.seconds += 1
    told.update(1000)
    assert lines[2].startswith("1000 of 1000 files")


def test_a_scan_that_begins_tells_how_many_files_there_are() -> None:
    lines: list[str] = []
    Told(3, lines.append, Clock()).begin(0)
    assert lines == ["3 files"]
