"""How close tracks are, as tables for people. Names of files are attacker text."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.cli.lines import Facts, Prose
from api.report.numbers import time_text
from api.report.words.near import chance_text, share_text
from core.counted import counted

DIMENSIONS = ("melody", "rhythm", "timbre", "structure")
NOT_COPYING = "Likeness is no sign of copying: music of one style is alike."


def likeness_table(found: dict[str, Any]) -> RenderableType:
    """One track among others, as printed by `trackmark originality`."""
    table = Facts()
    for name in DIMENSIONS:
        one = found[name]
        if not one["measurable"]:
            table.add(name, f"not measurable: {one['reason']}")
        elif not one["nearest"]:
            table.add(name, "no other track in which it is measurable")
        for place, near in enumerate(one["nearest"]):
            table.add(name if place == 0 else "", near["file"], "bold")
            for line in _lines(near):
                table.add("", line)
    title = Prose(
        Text.assemble((found["file"], "bold"), f"  among {counted(found['compared_with'], 'track')}")
    )
    return Group(title, table, Text())


def diversity_table(found: dict[str, Any]) -> RenderableType:
    """A catalogue's diversity, as printed by `trackmark originality`."""
    table = Table(title="effective number of clusters (95 % interval)", title_justify="left")
    for name in ("period", *DIMENSIONS):
        table.add_column(name, overflow="fold")
    told = found["diversity"]["periods"]
    periods = dict.fromkeys(one["period"] for name in DIMENSIONS for one in told[name])
    for period in periods:
        table.add_row(period, *(_clusters(told[name], period) for name in DIMENSIONS))
    left_out = [
        f"{name}: {counted(count, 'track')}" for name, count in found["diversity"]["left_out"].items()
    ]
    few = [Prose(Text(f"too few tracks to tell: {', '.join(left_out)}"))] if left_out else []
    return Group(*([table] if periods else []), *few, Prose(Text(NOT_COPYING)))


def rarity(near: dict[str, Any]) -> str:
    """How rare it is that two tracks are so close."""
    if near["closer_than"] is None:
        return f"distance {near['distance']:.3f}; nothing to judge it by"
    return (
        f"closer than {share_text(near['closer_than'])} of pairs of unrelated human-made recordings "
        f"({chance_text(near['by_chance'])} tracks as close expected by chance)"
    )


def _lines(near: dict[str, Any]) -> list[str]:
    lines = [rarity(near)]
    if near["start_s"] is not None:
        times = [time_text(near[key]) for key in ("start_s", "end_s", "other_start_s", "other_end_s")]
        lines.append(f"{times[0]} to {times[1]}, there {times[2]} to {times[3]}")
    if near["semitones"] is not None:
        step = "semitone" if abs(near["semitones"]) == 1 else "semitones"
        lines[-1] += f"; {near['semitones']:+d} {step}, {near['tempo']:.2f} times the tempo"
    return lines


def _clusters(told: list[dict[str, Any]], period: str) -> str:
    one = next((one for one in told if one["period"] == period), None)
    if one is None:
        return "–"
    return f"{one['clusters']:.1f} of {one['of']} ({one['low']:.1f}–{one['high']:.1f})"
