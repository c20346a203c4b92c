"""The texture joined with the shipped detector, by the rule of decision 0225, on the same recordings."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.calibration import LogisticCalibration
from detector.music.verdict import FALSE_ALARMS, LEAST_LLR
from lab import metrics
from lab.evaluation.music.judged import CACHE as JUDGED
from lab.evaluation.music.judged import Judged, kept
from lab.music_texture import copies
from lab.music_texture.planes import RENDERINGS
from lab.music_texture.tables import FOLDS, WITHOUT_DECODER, Table
from lab.texture_network.ways import where_silent

NATIVE, CHAIN = 0, 1
NATIVE_LOST, GENERATOR_LOST, CHANGED_LOST, CLLR_LOST = 0.002, 0.02, 0.01, 0.01
CHANGED_GAIN, BARE_GAIN, MOST_BOUND = 0.05, 0.02, 0.015
LEAST_OF_GENERATOR = 8
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Both:
    """One delivery, judged by the shipped detector alone and joined.

    Attributes:
        generators: name of each row's generator; empty for people.
        before: log10 likelihood ratios of the shipped detector, [N].
        after: joined, [N].
        flagged_before: rows that it calls synthetic, [N].
        flagged_after: rows that both together would, [N].
    """

    generators: NDArray[np.str_]
    before: Scores
    after: Scores
    flagged_before: NDArray[np.bool_]
    flagged_after: NDArray[np.bool_]

    @property
    def synthetic(self) -> NDArray[np.bool_]:
        """Whether each row is generated."""
        return np.asarray(self.generators != "", bool)

    def auc(self, values: Scores) -> float:
        """Pooled."""
        return metrics.auc(values[self.synthetic], values[~self.synthetic])

    def by_generator(self, values: Scores) -> dict[str, float]:
        """Of each generator against all people."""
        people = values[~self.synthetic]
        names = sorted(set(self.generators[self.synthetic]))
        return {str(name): metrics.auc(values[self.generators == name], people) for name in names}


def with_copies(table: Table, cache: Path = copies.CACHE) -> Table:
    """The table and the copies for the rule, numbered after the renderings; they never train."""
    rows, numbers, planes = [], [], []
    once = [r for r, number in zip(table.recordings, table.rendering, strict=True) if number == NATIVE]
    for number, delivery in enumerate(copies.DELIVERIES, start=len(RENDERINGS)):
        for recording in copies.to_copy(once):
            found = copies.plane_of(recording, delivery, cache)
            if found is not None:
                rows.append(recording)
                numbers.append(number)
                planes.append(found)
    if not rows:
        return table
    nothing = np.zeros((len(rows), table.confounds.shape[1]))
    return Table(
        recordings=(*table.recordings, *rows),
        rendering=np.concatenate([table.rendering, numbers]),
        planes=np.concatenate([table.planes, np.stack(planes)]),
        confounds=np.concatenate([table.confounds, nothing]),
    )


def ratios(table: Table, scores: Scores) -> Scores:
    """Log10 likelihood ratios of a texture, [N], each by a curve of other folds; 0 where those mislead."""
    trains = (table.rendering == NATIVE) | (table.rendering == CHAIN)
    found = np.zeros(len(scores))
    for fold in range(len(FOLDS)):
        others = trains & (table.folds != fold)
        try:
            calibration = LogisticCalibration.fit(scores[others], table.synthetic[others])
        except ValueError:
            continue
        for row in np.flatnonzero(table.folds == fold):
            found[row] = calibration.llr(float(scores[row]))
    return found


def both(table: Table, texture: Scores, number: int, said: Mapping[str, Judged]) -> Both:
    """One rendering or copy under both.

    Args:
        table: all rows.
        texture: log10 likelihood ratios of the texture, [N].
        number: of the rendering.
        said: findings of the shipped detector, by file.
    """
    names = [f"{r.path.parent.name}/{r.path.name}" for r in table.recordings]
    measured = [name in said and said[name].llr is not None for name in names]
    rows = np.flatnonzero((table.rendering == number) & np.array(measured))
    found = [said[names[row]] for row in rows]
    before = np.array([one.llr or 0.0 for one in found])
    after = where_silent(before, texture[rows])
    synthetic, folds = table.synthetic[rows], table.folds[rows]
    others = [~synthetic & (folds != fold) for fold in folds]
    rarely = np.array([_share(after, v, people) for v, people in zip(after, others, strict=True)], float)
    flagged = np.array([one.verdict == "synthetic" for one in found], bool)
    generators = [table.recordings[row].generator if table.synthetic[row] else "" for row in rows]
    newly = (after >= LEAST_LLR) & (rarely <= FALSE_ALARMS) & (before < LEAST_LLR)
    return Both(np.array(generators, np.str_), before, after, flagged, flagged | newly)


def _share(values: Scores, value: float, people: NDArray[np.bool_]) -> float:
    """Conformal: how many of some people's recordings score as high."""
    return float((values[people] >= value).sum() + 1) / (int(people.sum()) + 1)


def section(table: Table, candidates: Mapping[str, Scores], judged: Path = JUDGED) -> str:
    """What the rule asks, as Markdown, for every candidate."""
    deliveries = {"native": NATIVE, **{d: k for k, d in enumerate(copies.DELIVERIES, start=len(RENDERINGS))}}
    said = {delivery: kept(judged / f"{delivery}.jsonl") for delivery in deliveries}
    lines = [
        "",
        "## Joined with the shipped detector",
        "",
        "By the rule of the decision: where the shipped detector's log10 likelihood ratio is below 0.5, that"
        " of the texture is added, limited to one. The same recordings in both columns. Pitch by two"
        " semitones down (WSOLA), tempo by a tenth down (`atempo`, which never trained).",
        "",
        "| texture | delivery | AI / people | pooled AUC: shipped | joined | mean generator: shipped | joined"
        " | without a decoder: shipped | joined | found %: shipped | joined | people called: shipped | joined"
        " | Cllr: shipped | joined |",
        "|---|---|---|" + "---:|" * 12,
    ]
    verdicts = []
    for name, scores in candidates.items():
        texture = ratios(table, scores)
        found = {d: both(table, texture, number, said[d]) for d, number in deliveries.items()}
        found = {d: one for d, one in found.items() if one.synthetic.any() and not one.synthetic.all()}
        lines += [f"| {name} | {d} | {_cells(one)} |" for d, one in found.items()]
        verdicts += [f"- **{name}**: {_rule(found)}"]
    return "\n".join([*lines, "", "Against the rule:", "", *verdicts]) + "\n"


def _bare(values: Mapping[str, float]) -> float:
    some = [auc for name, auc in values.items() if name in WITHOUT_DECODER]
    return float(np.mean(some)) if some else float("nan")


def _cells(one: Both) -> str:
    some, people = one.synthetic, ~one.synthetic
    aucs = [
        (one.auc(v), np.mean(list(one.by_generator(v).values())), _bare(one.by_generator(v)))
        for v in (one.before, one.after)
    ]
    pairs = [f"{a:.3f} | {b:.3f}" for a, b in zip(*aucs, strict=True)]
    pairs.append(" | ".join(f"{100 * f[some].mean():.0f}" for f in (one.flagged_before, one.flagged_after)))
    pairs.append(" | ".join(str(int(f[people].sum())) for f in (one.flagged_before, one.flagged_after)))
    pairs.append(" | ".join(f"{metrics.cllr(v[some], v[people]):.2f}" for v in (one.before, one.after)))
    return " | ".join([f"{int(some.sum())} / {int(people.sum())}", *pairs])


def _rule(found: Mapping[str, Both]) -> str:
    """Which of the rule's numbers 1 to 5 hold; 6 is the probe's, in the table above."""
    native = found["native"]
    changed = [one.auc(one.after) - one.auc(one.before) for d, one in found.items() if d != "native"]
    before, after = native.by_generator(native.before), native.by_generator(native.after)
    sizes = Counter(native.generators.tolist())
    lost = {n: before[n] - after[n] for n in before if sizes[n] >= LEAST_OF_GENERATOR}
    worst = max(lost, key=lambda name: lost[name])
    people = native.flagged_after[~native.synthetic]
    bound = metrics.upper_bound(int(people.sum()), people.size)
    some = native.synthetic
    cost = [metrics.cllr(v[some], v[~some]) for v in (native.before, native.after)]
    pooled, bare = native.auc(native.after) - native.auc(native.before), _bare(after) - _bare(before)
    told = [
        (
            "1",
            pooled >= -NATIVE_LOST and lost[worst] <= GENERATOR_LOST,
            f"native {pooled:+.3f}, most lost {-lost[worst]:+.3f} ({worst})",
        ),
        (
            "2",
            bool(people.mean() <= FALSE_ALARMS) and bound <= MOST_BOUND,
            f"people called {100 * people.mean():.1f} % (≤ {100 * bound:.1f})",
        ),
        (
            "3",
            float(np.mean(changed)) >= CHANGED_GAIN and min(changed) >= -CHANGED_LOST,
            f"changed {np.mean(changed):+.3f} in the mean, {min(changed):+.3f} at least",
        ),
        ("4", bare >= BARE_GAIN, f"without a decoder {bare:+.3f}"),
        ("5", cost[1] <= cost[0] + CLLR_LOST, f"Cllr {cost[1] - cost[0]:+.3f}"),
    ]
    return "; ".join(f"{n} {'met' if met else 'not met'}: {text}" for n, met, text in told) + "."
