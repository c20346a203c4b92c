"""What was wanted of music heard after any change and of marks behind neural codecs, and what was measured.

    python -m lab.evaluation.goals

Writes `docs/benchmarks/goals.md` from the pages beside it. Nothing is measured here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.published import BENCHMARKS, NotPublished, number, rows, said

PAGE = BENCHMARKS / "goals.md"
AT_LEAST, AT_MOST = "≥", "≤"
MET, MISSED = "met", "**missed**"
OUR_CODEC = "watermark-fine-codec.md"


@dataclass(frozen=True)
class Goal:
    """A number that was wanted.

    Attributes:
        name: of what is measured.
        way: `AT_LEAST` or `AT_MOST`.
        value: that was wanted, in the unit of the page.
        unit: shown behind the numbers.
        page: that tells.
        told: reads it, from a folder of pages.
    """

    name: str
    way: str
    value: float
    unit: str
    page: str
    told: Callable[[Path], float]

    def row(self, folder: Path) -> str:
        """A row of the table."""
        start = f"| {self.name} | {self.way} {self.value:g}{self.unit} "
        link = f"[{self.page.removesuffix('.md')}]({self.page})"
        try:
            found = self.told(folder / self.page)
        except NotPublished:
            return f"{start}| not measured | | {link} |"
        reached = found >= self.value if self.way == AT_LEAST else found <= self.value
        return f"{start}| {found:g}{self.unit} | {MET if reached else MISSED} | {link} |"


def cell(column: str, value: str, wanted: str) -> Callable[[Path], float]:
    """Reads the number that a cell begins with, in the first row whose column has a value."""

    def told(page: Path) -> float:
        for row in rows(page, column, wanted):
            if row[column] == value:
                return number(row[wanted])
        raise NotPublished(f"{page.name} has no row {value}")

    return told


def sentence(pattern: str) -> Callable[[Path], float]:
    """Reads a number of a sentence."""
    return lambda page: said(page, pattern)[0]


def _changed(name: str) -> Callable[[Path], float]:
    return cell("delivery", name, "pooled AUC (95 %)")


PEOPLE = r"\| all, suspect pages left out \|[^%]*\| "


def _worst(*names: str) -> Callable[[Path], float]:
    return lambda page: min(_changed(name)(page) for name in names)


PITCHED = [f"pitched-{tool}_{by}" for tool in ("vocoder", "wsola", "atempo") for by in ("-2", "2")]
PACED = [f"{tool}_{by}" for tool in ("paced-vocoder", "tempo", "paced-atempo") for by in ("0.90", "1.10")]

MUSIC = (
    Goal(
        "generators without a decoder, AUC",
        AT_LEAST,
        0.80,
        "",
        "ai-music-texture.md",
        cell("delivery", "native", "without a decoder: shipped"),
    ),
    Goal(
        "diffusion on waveforms made in the lab, AUC",
        AT_LEAST,
        0.80,
        "",
        "ai-music-diffusion.md",
        cell("copy", "as played", "AUC (95 %)"),
    ),
    Goal("as published, pooled AUC", AT_LEAST, 0.975, "", "ai-music.md", _changed("native")),
    Goal(
        "lowest generator, AUC",
        AT_LEAST,
        0.80,
        "",
        "ai-music.md",
        cell("delivery", "native", "lowest"),
    ),
    Goal("behind a delivery chain, AUC", AT_LEAST, 0.95, "", "ai-music.md", _changed("chain-1")),
    Goal(
        "pitch by two semitones, worst tool, AUC",
        AT_LEAST,
        0.85,
        "",
        "ai-music.md",
        _worst(*PITCHED),
    ),
    Goal(
        "tempo by a tenth, worst tool, AUC",
        AT_LEAST,
        0.85,
        "",
        "ai-music.md",
        _worst(*PACED),
    ),
    Goal(
        "found at 1 % false alarms, as published",
        AT_LEAST,
        85,
        " %",
        "ai-music.md",
        cell("delivery", "native", "TPR % at 1 % FPR"),
    ),
    Goal(
        "found at 1 % false alarms, retimed",
        AT_LEAST,
        40,
        " %",
        "ai-music.md",
        cell("delivery", "retimed-1", "TPR % at 1 % FPR"),
    ),
    Goal("people flagged", AT_MOST, 1, " %", "ai-music-human.md", sentence(PEOPLE + r"([\d.]+) %")),
    Goal(
        "people flagged, 95 % bound",
        AT_MOST,
        1.5,
        " %",
        "ai-music-human.md",
        sentence(PEOPLE + r"[\d.]+ % \(≤ ([\d.]+)\)"),
    ),
    Goal("Cllr, as published", AT_MOST, 0.30, "", "ai-music.md", cell("delivery", "native", "Cllr")),
    Goal(
        "confound probe, as published", AT_MOST, 0.65, "", "ai-music.md", cell("delivery", "native", "probe")
    ),
    Goal(
        "the music check on two cores, times real time",
        AT_LEAST,
        75,
        "",
        "ai-music.md",
        sentence(r"wall time, 2 threads on 2 cores \| [\d.]+ s: (\d+) times"),
    ),
)


WEAK = (
    ("white noise at 10 dB, 30 s", "white_10db, 30 s", 90),
    ("MP3 at 32 kbit/s, 10 s", "mp3_32, 10 s", 70),
    ("AAC at 32 kbit/s, 10 s", "aac_32, 10 s", 75),
    ("a loop of 4 s, 30 s", "loop_4s, 30 s", 90),
    ("a room, 6 s", "room_1s, 6 s", 75),
    ("telephone and AAC, 10 s", "telephone_aac, 10 s", 85),
    ("nothing, music below 386 Hz, 30 s", "host below 386 Hz, 30 s", 1),
)


def _heard(rate: str, column: str) -> Callable[[Path], float]:
    return cell("codec", f"composer {rate}", column)


MARK = (
    *(
        Goal(f"present at 60 s behind our codec of {rate} kbit/s", AT_LEAST, goal, " %", OUR_CODEC, told)
        for rate, goal in (("24", 90), ("12", 60), ("6", 30))
        for told in (_heard(rate, "60 s present"),)
    ),
    *(
        Goal(f"the same, asked for by name, {rate} kbit/s", AT_LEAST, goal, " %", OUR_CODEC, told)
        for rate, goal in (("24", 90), ("12", 60), ("6", 30))
        for told in (_heard(rate, "60 s by name"),)
    ),
    Goal(
        "present at 60 s behind Lyra at 6 kbit/s",
        AT_LEAST,
        30,
        " %",
        "watermark-codecs.md",
        cell("codec", "Lyra 6", "60 s present"),
    ),
    *(
        Goal(f"{how} {name}", AT_LEAST, goal, " %", "watermark-weak.md", cell("change", attack, column))
        for how, column in (("read behind", "read"), ("heard by name behind", "by name"))
        for name, attack, goal in WEAK
    ),
    Goal(
        "SNR, median",
        AT_LEAST,
        39,
        " dB",
        "watermark.md",
        cell("network", "trained", "SNR median (lowest) dB"),
    ),
    Goal("ViSQOL, median", AT_LEAST, 4.70, "", "watermark.md", sentence(r"clips: median ([\d.]+) MOS-LQO")),
    Goal(
        "eight copies averaged: present",
        AT_LEAST,
        95,
        " %",
        "watermark-by-name.md",
        cell("copies", "8", "present"),
    ),
)


def page(folder: Path = BENCHMARKS) -> str:
    """The page, in Markdown."""
    return "\n".join(_lines(folder)) + "\n"


def _lines(folder: Path) -> Iterator[str]:
    yield "# Against the goals: music after any change, marks behind neural codecs"
    yield ""
    yield (
        "Written by `python -m lab.evaluation.goals` from the pages that each row names; do not edit. What "
        "was tried for a goal that is missed stands in the decisions that those pages link to."
    )
    for title, goals in (("AI music", MUSIC), ("The watermark", MARK)):
        met = sum(f"| {MET} |" in goal.row(folder) for goal in goals)
        yield from ("", f"## {title}", "", f"{met} of {len(goals)} are met.", "")
        yield from ("| | goal | measured | | page |", "|---|---:|---:|---|---|")
        yield from (goal.row(folder) for goal in goals)


def main() -> None:
    """Command line."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
