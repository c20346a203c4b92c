"""Measure `detector.originality`: `reference` makes what ships, `evaluate` writes the page of figures, and
`search` its last section, of what looking through many tracks costs and misses.

The table lists recordings as `more.csv` of the data does, with the files beside it; sketches are kept in
`--runs`. What is measured and by which rules is decided in docs/decisions/0233.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from detector.originality.neighbours import FINELY
from detector.originality.reference import FILE, shipped
from lab.evaluation.originality import figures, search, trials
from lab.evaluation.originality.recordings import Row, cuts, listed
from lab.evaluation.originality.reference import make

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "originality.md"
RANKED = "| likeness | dimension | queries | mean reciprocal rank | first | closer than 99 % | 99.9 % |"
ALARMS = "| dimension | pairs | closer than 99 % | closer than 99.9 % |"
LONG_S = 30.0
VARIANTS = ("airgen-demo", "mt-musicldm-demo")


def evaluate(
    rows: list[Row], runs: Path, *, of_one: int, covered: int, tunes: int, pieces: int, out: Path
) -> None:
    """Write the page."""
    people = trials.people(rows, of_one)
    made = [cuts(row, (trials.WHOLE_S, 15.0), runs) for row in people]
    people = [row for row, some in zip(people, made, strict=True) if some]
    wholes, shorts = ([some[k] for some in made if some] for k in range(2))
    # taken from all collections: they stand in their order
    places = range(0, len(people), max(1, len(people) // covered))
    played, originals = [people[k] for k in places], [wholes[k] for k in places]
    ranked = figures.ranking(figures.found(trials.covers(played), originals), len(originals))
    again = trials.played_again(tunes)
    ranked += figures.ranking(figures.found(again[1], again[0]), len(again[0]))
    for collection in VARIANTS:
        others, queries = trials.variants(rows, collection, pieces, runs)
        if others:
            ranked += figures.ranking(figures.found(queries, others), len(others))
    true = [
        line
        for name, one, other in trials.versions(rows, runs)
        for line in figures.ranking(
            figures.found([trials.Trial(name, one, 0)], [other, *originals]), len(originals) + 1
        )
    ]
    collections = [row.collection for row in people]
    notes = (
        f"{len(people)} recordings of {len(set(collections))} collections of people, none of them in the "
        f"reference, which rests on {shipped().recordings} others. Covers are synthetic: passages of 40 s "
        "changed by FFmpeg's `atempo` and resampling, and made-up tunes played again by a synthesiser with "
        "other settings; only the table of true versions holds what people recorded twice, and it is short. "
        '"Melody" is the aligned passage, "outline" what chooses the tracks that are aligned.',
        "Likeness is no sign of copying. Of a hundred unrelated pairs one is closer than 99 % of them.",
    )
    figures.page(
        {
            "Ranking": (RANKED, ranked),
            "True versions": (RANKED, true),
            "False alarms, 60 s": (ALARMS, figures.false_alarms(wholes, collections, 60.0)),
            "False alarms, 15 s": (ALARMS, figures.false_alarms(shorts, collections, 15.0)),
        },
        notes,
        "python -m lab.evaluation.originality evaluate TABLE "
        f"--of-one {of_one} --covered {covered} --tunes {tunes} --pieces {pieces}",
        out,
    )


def look_through(rows: list[Row], runs: Path, *, most: int, covered: int, tunes: int, out: Path) -> None:
    """Write the section on searches."""
    chosen = [row for row in rows if "stem" not in row.title.lower()]
    chosen = chosen[:: max(1, len(chosen) // most)]
    heard = [(row, some[0]) for row in chosen if (some := cuts(row, (trials.WHOLE_S,), runs))]
    long = [
        place for place, (row, one) in enumerate(heard) if one.heard_s >= LONG_S and row.kind != "ai_music"
    ]
    asked = long[:: max(1, len(long) // covered)][:covered]
    again = trials.played_again(tunes)
    others = [one for _, one in heard] + again[0]
    queries = (
        *(replace(t, own=asked[t.own]) for t in trials.covers([heard[place][0] for place in asked])),
        *(replace(t, own=len(heard) + t.own) for t in again[1]),
    )
    notes = (
        f"{len(others)} tracks: {len(heard)} recordings, most of them cuts of ten seconds, and {tunes} "
        "made-up tunes. The outlines of all are compared by products of matrices, the nearest are aligned "
        f"roughly, and the nearest {FINELY} of those finely. What 10,000 tracks would hold back is "
        "reckoned, not measured: as large a share of them is taken to be nearer as of these.",
    )
    costs = ("| what | processor seconds, bytes |", search.cost(others))
    told = search.lines(search.searched(iter(queries), others), len(others))
    command = (
        f"python -m lab.evaluation.originality search TABLE --most {most} --covered {covered} --tunes {tunes}"
    )
    figures.section("Search among many", [(search.HEAD, told), costs], notes, command, out)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("reference", "evaluate", "search"))
    parser.add_argument("table", type=Path, help="recordings, in columns of more.csv and `file`")
    parser.add_argument("--runs", type=Path, default=Path("runs/originality"))
    parser.add_argument("--most", type=int, default=200, help="recordings that are searched")
    parser.add_argument("--of-one", type=int, default=5, help="recordings of one collection")
    parser.add_argument("--covered", type=int, default=30, help="recordings of which covers are made")
    parser.add_argument("--tunes", type=int, default=20)
    parser.add_argument("--pieces", type=int, default=15)
    parser.add_argument("-o", "--output", type=Path, help="where it is written; its place in the tree")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = list(listed(options.table))
    if options.what == "reference":
        print(make(rows, options.runs, options.output or FILE), "recordings")
        return
    out = options.output or PAGE
    if options.what == "search":
        counts = {"most": options.most, "covered": options.covered, "tunes": options.tunes}
        look_through(rows, options.runs, **counts, out=out)
        print(out.read_text(encoding="utf-8"))
        return
    evaluate(
        rows,
        options.runs,
        of_one=options.of_one,
        covered=options.covered,
        tunes=options.tunes,
        pieces=options.pieces,
        out=out,
    )
    print(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
