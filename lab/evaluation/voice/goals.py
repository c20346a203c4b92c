"""What the voice detector was meant to reach, what it reaches, and where each try is told.

    python -m lab.evaluation.voice.goals

The first section of the voice benchmark, from the recorded results of the others. What misses a goal is said
as plainly as what meets it.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.evaluation.voice.held_out_page import inserted
from lab.metrics import wilson

TITLE = "## Goals"
DECISIONS = Path("docs/decisions")
RESULTS = ("held-out", "enrolled", "speed")
"""The files `voice-*.json` beside the page that it is written from."""
POOLED, EACH, OVER_MUSIC = 0.12, 0.25, 0.22
FOUND, AREA, CALLED = 0.6, 0.92, 0.005
SPEECH, SINGING = 0.04, 0.08
BITS, FROM_BEST = 0.5, 0.05
QUIET, TIMES, SEARCH_MS = 0.03, 60, 20
Results = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """One line of the table.

    Attributes:
        what: what is asked, and how much of it.
        reached: what was measured.
        met: whether that is enough; None where it was not measured as asked.
        tries: numbers of the decisions that tell what was tried for it.
    """

    what: str
    reached: str
    met: bool | None
    tries: tuple[str, ...]


def synthetic(found: Results) -> list[Goal]:
    """Goals of the synthetic-voice score, from `listed` of the held-out results."""
    plain, over = found["conditions"]["as published"], found["conditions"]["over music, 0 dB"]
    errors = {name: row["eer"] for name, row in found["systems"].items()}
    above, worst = sum(error > EACH for error in errors.values()), max(errors, key=lambda name: errors[name])
    beyond = plain["cllr"] - plain["min_cllr"]
    heard = "systems that no training knew"
    return [
        Goal(
            f"EER of {heard}, a cappella: {_percent(POOLED)} at most",
            _percent(plain["eer"]),
            plain["eer"] <= POOLED,
            ("0208", "0216", "0248", "0249"),
        ),
        Goal(
            f"each of these systems: {_percent(EACH)} at most",
            f"{above} of {len(errors)} above, the worst {_percent(errors[worst])} ({worst})",
            above == 0,
            ("0208", "0216", "0248", "0249"),
        ),
        Goal(
            f"EER over music as loud as the voice: {_percent(OVER_MUSIC)} at most",
            _percent(over["eer"]),
            over["eer"] <= OVER_MUSIC,
            ("0216", "0220", "0250"),
        ),
        Goal(
            f"what the told ratio costs: {BITS} bits at most",
            f"{plain['cllr']:.2f} bits",
            plain["cllr"] <= BITS,
            ("0214", "0244"),
        ),
        Goal(
            f"and {FROM_BEST} bits at most above what its order allows",
            f"{beyond:.2f} bits above",
            beyond <= FROM_BEST,
            ("0244",),
        ),
    ]


def enrolled(found: Results) -> list[Goal]:
    """Goals of enrolled artists, vocal activity and the search, from the results of `enrolled`."""
    one = found["at_one_percent_of_genuine"]
    areas = {kind: one[f"auc against {kind}"] for kind in list(found["clones"])[1:]}
    _, called, others = found["clones"]["other human"]
    vocal, cuts = found["instrumentals"]["unseen"]
    return [
        *(
            Goal(
                f"identity in {kind}, 30 s enrolled and 10 s heard: EER of {_percent(wanted)} at most",
                f"{_percent(rate)} of {people} people",
                rate <= wanted,
                ("0218", "0246", "0251"),
            )
            for kind, wanted in (("speech", SPEECH), ("singing", SINGING))
            for rate, people in [found["half_a_minute_enrolled"][kind]]
        ),
        Goal(
            f"clones of X found where at most 1 % of genuine X is flagged: {_percent(FOUND)} at least",
            _percent(one["found, clone of X"]),
            one["found, clone of X"] >= FOUND,
            ("0215", "0217", "0218"),
        ),
        Goal(
            f"area of clones of X against everything else: {AREA} at least",
            ", ".join(f"{area:.3f} against {kind}" for kind, area in areas.items()),
            min(areas.values()) >= AREA,
            ("0217", "0218"),
        ),
        Goal(
            f"sound-alikes called a clone: {_percent(CALLED)} at most",
            f"{called} of {others} comparisons with other people, whoever they are; nobody is listed as a "
            "sound-alike",
            None,
            ("0215",),
        ),
        Goal(
            f"instrumentals in which a voice is found: {_percent(QUIET)} at most",
            f"{vocal} of {cuts}, {_span(vocal, cuts)}",
            vocal / cuts <= QUIET,
            ("0238", "0241"),
        ),
        Goal(
            f"a search among 10,000 artists: {SEARCH_MS} ms at most",
            f"{found['search_ms']:.1f} ms of one thread",
            found["search_ms"] <= SEARCH_MS,
            (),
        ),
    ]


def fast(found: Results) -> Goal:
    """The goal of speed, from the results of `speed`: no better than the slowest case on one thread twice."""
    told = ", ".join(f"{row['times']:.0f} ({name})" for name, row in found["cases"].items())
    twice = 2 * min(row["times"] for row in found["cases"].values())
    return Goal(
        f"{TIMES} times real time on two cores",
        f"on one thread {told}",
        False if twice < TIMES else None,
        ("0240", "0243"),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _span(events: int, trials: int) -> str:
    low, high = wilson(events, trials)
    return f"{100 * events / trials:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _link(number: str, folder: Path) -> str:
    """To the decision of a number; the page lies beside the folder's parent."""
    (file,) = folder.glob(f"{number}-*.md")
    return f"[{number}](../decisions/{file.name})"


def section(held_out: Results, artists: Results, cost: Results, folder: Path = DECISIONS) -> str:
    """Write the section.

    Args:
        held_out: results of `held_out`.
        artists: results of `enrolled`.
        cost: results of `speed`.
        folder: of the decisions.
    """
    goals = [*synthetic(held_out["listed"]), *enrolled(artists), fast(cost)]
    words = {True: "yes", False: "no", None: "not measured as asked"}
    lines = [
        TITLE,
        "",
        "Written by `python -m lab.evaluation.voice.goals`; do not edit. What was wanted of the detector, "
        "what the sections below measured of it, and the decisions that tell what was tried: "
        f"{_count(goals)}.",
        "",
        "| goal | reached | met | tries |",
        "|---|---|---|---|",
    ]
    for goal in goals:
        tries = ", ".join(_link(number, folder) for number in goal.tries) or "-"
        lines.append(f"| {goal.what} | {goal.reached} | {words[goal.met]} | {tries} |")
    return "\n".join(lines)


def _count(goals: Sequence[Goal]) -> str:
    met, missed = (sum(goal.met is side for goal in goals) for side in (True, False))
    return f"{met} of {len(goals)} met, {missed} missed, {len(goals) - met - missed} not measured as asked"


def written(page: Path) -> str:
    """The page with the section made again from the results beside it."""
    results = [json.loads(page.with_name(f"voice-{name}.json").read_text()) for name in RESULTS]
    return inserted(page.read_text(), section(*results))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the section into the page."""
    parser = argparse.ArgumentParser(description="write the goals of the voice benchmark")
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/voice.md"))
    options = parser.parse_args(arguments)
    options.page.write_text(written(options.page))


if __name__ == "__main__":
    main()
