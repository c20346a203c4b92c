from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lab.datasets import Recording
from lab.evaluation.music.__main__ import Scored
from lab.texture_network.head import family_of, held_out, left_out
from lab.texture_network.heard import MOST_CROPS, TOOL_BY_TOOL, UNHEARD, Opinions, answers, by_tool
from lab.texture_network.network import RATE, Shape, TextureNetwork
from lab.texture_network.page import CHANGED, UNSCALED, Facts, ScaledRow, may_abstain, page, verdicts
from lab.texture_network.train import CROP
from lab.texture_network.ways import (
    ASKED,
    WAYS,
    judge,
    normalised,
    ratios,
    scaled_limits,
    where_silent,
)
from lab.training.decoders.clips import FOLDS, TEST_FOLD, trains
from lab.training.music.folds import fold_names


def recording(number: int, label: str, source: str, use: str = "open") -> Recording:
    path = Path(f"{source}/{number}.wav")
    kind = "ai_music" if label == "ai" else "human_music"
    return Recording(
        path, kind, label, source, source, "", "CC0", use, ("", "", ""), 0.0, 10.0, 44100, 2, "w"
    )


ROWS = [recording(n, "human", f"shelf-{n % 8}") for n in range(80)] + [
    recording(n, "ai", f"page-{n % 4}") for n in range(40)
]
HUMAN = np.array([r.label == "human" for r in ROWS])


def test_scores_are_measured_against_human_music_of_other_collections() -> None:
    raw = np.random.default_rng(0).standard_normal(len(ROWS))
    raw[~HUMAN] += 3.0
    first = normalised(raw, ROWS, HUMAN)
    assert first.min() == 0.0
    assert np.mean(first[HUMAN] == 0.0) == pytest.approx(0.5, abs=0.15)
    assert np.median(first[~HUMAN]) > 1.5
    fold = fold_names(ROWS)
    own = np.array([f == fold[0] for f in fold])
    louder = raw + 100.0 * (own & HUMAN)
    inside = normalised(louder, ROWS, HUMAN)[own & ~HUMAN]
    assert np.array_equal(inside, first[own & ~HUMAN])  # its own fold's human music does not move a score


def test_regression_uses_what_separates_the_classes_and_ignores_noise() -> None:
    rng = np.random.default_rng(1)
    columns = rng.standard_normal((len(ROWS), 2))
    columns[~HUMAN, 0] += 2.0
    scores = held_out(columns, ROWS, np.ones(len(ROWS), bool), 0.01)
    assert np.corrcoef(scores, columns[:, 0])[0, 1] > 0.9
    assert abs(np.corrcoef(scores, columns[:, 1])[0, 1]) < 0.4


def test_a_regression_sees_neither_the_page_nor_a_relative_on_another_page() -> None:
    rows = [replace(r, generator="MusicGen") if r.source == "page-0" else r for r in ROWS]
    rows = [replace(r, generator="AIRGen (MusicGen-based)") if r.source == "page-1" else r for r in rows]
    folds = np.array(fold_names(rows))
    out = left_out(rows, "page-0", folds)
    assert all(o for o, r in zip(out, rows, strict=True) if r.source in {"page-0", "page-1"})
    assert not any(o for o, r in zip(out, rows, strict=True) if r.source in {"page-2", "page-3"})
    columns = np.random.default_rng(2).standard_normal((len(rows), 3))
    moved = columns.copy()
    relatives = np.array([r.source == "page-1" for r in rows])
    moved[relatives] += 5.0
    before, after = (held_out(c, rows, np.ones(len(rows), bool), 0.01) for c in (columns, moved))
    page = np.array([r.source == "page-0" for r in rows])
    assert np.array_equal(before[page], after[page])
    assert not np.array_equal(before[folds == "page-2"], after[folds == "page-2"])


def test_families_are_wider_than_names() -> None:
    assert family_of("Stable Audio 1") == family_of("StableAudio-autoencoder-recon")
    assert family_of("Mustango") == family_of("AudioLDM2") != family_of("YuE")


def test_the_network_votes_where_the_comb_is_silent_and_never_loudly() -> None:
    comb, other = np.array([-1.0, 0.4, 0.6, 5.0]), np.array([3.0, -0.5, -3.0, -3.0])
    assert np.allclose(where_silent(comb, other), [0.0, -0.1, 0.6, 5.0])


def test_scores_that_mislead_elsewhere_say_nothing_here() -> None:
    raw = np.random.default_rng(5).standard_normal(len(ROWS))
    everything = np.ones(len(ROWS), bool)
    assert ratios(raw + 2.0 * ~HUMAN, ROWS, everything)[~HUMAN].mean() > 0.3
    assert not ratios(raw - 2.0 * ~HUMAN, ROWS, everything).any()


def test_a_long_track_is_heard_in_some_places_and_a_short_one_wherever_it_can() -> None:
    torch.manual_seed(0)
    network = TextureNetwork(Shape(widths=(4, 4, 8, 8))).eval()
    audio = np.random.default_rng(0).integers(-3000, 3000, 40 * CROP).astype(np.int16)
    rendered, scaled, pooled = answers(network, audio)
    assert rendered.shape == scaled.shape == (MOST_CROPS,) and pooled.shape == (MOST_CROPS, 16)
    assert answers(network, audio[: 2 * CROP + 5])[0].shape == (2,)


@pytest.mark.parametrize("name", [*UNHEARD, *TOOL_BY_TOOL])
def test_each_tool_changes_tempo_or_pitch(name: str) -> None:
    time = np.arange(3 * RATE) / RATE
    audio = (20000 * np.sin(2 * np.pi * 500 * time)).astype(np.int16)
    changed = by_tool(audio, name)
    operation, _, factor = name.partition("_")
    strongest = np.abs(np.fft.rfft(changed * np.hanning(len(changed)))).argmax() * RATE / len(changed)
    pitch, tempo = (float(factor), 1.0) if "pitch" in operation else (1.0, float(factor))
    assert strongest == pytest.approx(500 * pitch, rel=0.03)
    assert len(changed) == pytest.approx(len(audio) / tempo, rel=0.02)


def scored(delivery: str, raw: NDArray[np.float64]) -> Scored:
    """Scores of `ROWS`, every sixth human recording with a p-value that flags it if its score is high."""
    p_value = np.where(raw > 2.5, 0.001, 0.5)
    zero, clear = np.zeros(len(ROWS)), np.zeros(len(ROWS), bool)
    columns = (raw, raw - 1.0, zero, p_value, zero, clear, zero, zero)
    return Scored(delivery, tuple(ROWS), *columns, groups=("all",) * len(ROWS))


def test_the_rule_takes_gains_without_losses_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    weak = rng.normal(0, 0.5, len(ROWS)) + 0.8 * ~HUMAN
    strong = weak + 1.0 * ~HUMAN
    better = {"head, norm": strong, "network, norm": weak, "head, regression": weak - 1.5 * ~HUMAN}
    names = [way for way in WAYS if way not in better]
    ways = dict.fromkeys(names, weak) | better
    deliveries = {d: {w: scored(d, raw) for w, raw in ways.items()} for d in ("native", *ASKED)}
    assert judge(deliveries, "head, norm").met
    assert not judge(deliveries, "network, norm").met  # nothing gained
    worse = judge(deliveries, "head, regression")
    assert not worse.met and worse.native < 0 and set(worse.lost) == {f"page-{n}" for n in range(4)}
    assert verdicts(deliveries)[1] == "head, norm"
    loud = {**ways, "head, norm": strong + 9.0}
    flagging = {d: {w: scored(d, raw) for w, raw in loud.items()} for d in ("native", *ASKED)}
    assert judge(flagging, "head, norm").flagged == 1.0 and not judge(flagging, "head, norm").met
    facts = Facts(1000, {"pairs": 0.8, "all": 0.7}, 180.0, 0.5, 2)
    text = page(deliveries, [*row(0.9, 0.7, 0.01)], facts)
    assert "Taken: head, norm." in text and "The rule is met." in text and "360 times real time" in text


def row(found: float, unheard: float, mistaken: float) -> list[ScaledRow]:
    rows = [ScaledRow(d, 10, 10, found, found, 0.9, (0.5, 0.1)) for d in CHANGED]
    rows += [ScaledRow(d, 10, 10, unheard, unheard, 0.9, None) for d in UNHEARD]
    return rows + [ScaledRow(d, 10, 10, 0.5, mistaken, 0.5, (0.1, 0.1)) for d in UNSCALED]


def test_abstention_needs_all_three_shares() -> None:
    assert may_abstain(row(0.9, 0.7, 0.01))[0]
    for shares in ((0.7, 0.7, 0.01), (0.9, 0.5, 0.01), (0.9, 0.7, 0.03)):
        assert not may_abstain(row(*shares))[0]


def test_limits_leave_out_a_recordings_own_fold() -> None:
    logit = np.random.default_rng(4).standard_normal(len(ROWS))
    part = scored("native", logit)

    def limits(values: NDArray[np.float64]) -> dict[Path, float]:
        said = Opinions(values, values, np.zeros((len(ROWS), 1)), np.ones(len(ROWS), bool))
        return scaled_limits([part], [said])

    before, folds = limits(logit), np.array(fold_names(ROWS))
    own = folds == folds[0]
    after = limits(logit + 10.0 * own)
    assert after[ROWS[0].path] == before[ROWS[0].path]
    assert all(after[r.path] > before[r.path] for r, o in zip(ROWS, own, strict=True) if not o)


def test_the_network_learns_from_open_human_music_of_some_collections_only() -> None:
    sources = [f"shelf-{n}" for n in range(60)]
    learnt = [s for s in sources if trains(recording(0, "human", s))]
    assert 0.55 < len(learnt) / len(sources) < 0.95 and 0 <= TEST_FOLD < FOLDS
    assert not any(trains(recording(0, "ai", s)) for s in sources)
    assert not any(trains(recording(0, "human", s, "research")) for s in sources)
