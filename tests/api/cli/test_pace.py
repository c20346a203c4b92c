"""What stands beside a bar: what is left grows less while nothing new is told, and is never made up."""

import torch
from rich.progress import Progress

from api.cli.pace import Pace
from provenance.watermark import WatermarkKey, detect_blocks
from tests.signals import music


def test_what_is_left_does_not_grow_while_a_step_lasts() -> None:
    clock = [0.0]
    pace = Pace()
    with Progress(pace, disable=True, get_time=lambda: clock[0]) as display:
        task = display.add_task("audit", total=1.0)
        seen = []
        for now, done in ((0, 0.1), (5, 0.1), (50, 0.1), (60, 0.5), (80, 0.5), (110, 0.5), (130, 0.5)):
            clock[0] = float(now)
            display.update(task, completed=done)
            seen.append(str(pace.render(display.tasks[0])))
    # A first share says nothing of how fast it goes before there is a second one.
    assert seen == ["", "", "", "1:00 left", "0:40 left", "0:10 left", ""]


def test_a_search_for_a_mark_tells_how_much_it_has_searched() -> None:
    told: list[float] = []
    wav = music(130.0, 8_000, 1)[:1]
    found = detect_blocks(torch.split(wav, 8_000, -1), 8_000, WatermarkKey.generate(), heard=told.append)
    assert told == [120.0, 130.0] and found.duration_s == 130.0
