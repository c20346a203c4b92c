"""Fit the verifier's second calibration on clones: X or an imitation of X, against somebody else.

    python -m lab.training.voice.imitation MORE

Two numbers, by logistic regression on trials of clones of the training pages, through the random chain, and
of the pages for choosing; both sides weigh the same. The pages that judge take no part: there the new
calibration must cost less than the one before, or it is not written.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from core.cards import load, write
from detector.voice import identity
from detector.voice.encoder import Ge2eEncoder
from lab.metrics import cllr, min_cllr
from lab.training.voice.cloned import KINDS, Trials, enrolments, trials
from lab.training.voice.listed import CHOOSING_PAGES, TEST_PAGES, Listed, listed
from lab.training.voice.measured import Measured, read

TRAINING = (("at random", None), ("as published", CHOOSING_PAGES))
Line = tuple[float, float]


def of_clones(rows: Measured, clips: list[Listed], encoder: Ge2eEncoder) -> Trials:
    """Clones of named people with everybody who is cloned there."""
    made = rows.only(rows.synthetic)
    people = set(made.person.tolist()) - {""}
    return trials(made, enrolments(clips, people, encoder), np.zeros(len(made.page)))


def fitted(rows: list[Trials]) -> Line:
    """Slope and offset from similarity to the natural log-likelihood ratio."""
    value = np.concatenate([t.similarity for t in rows])
    same = np.concatenate([t.kind == KINDS[0] for t in rows])
    weight = np.where(same, 1 / same.sum(), 1 / (~same).sum()) * len(same)
    model = LogisticRegression(C=1e4).fit(value[:, None], same, sample_weight=weight)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def costs(rows: Trials, line: Line) -> float:
    """Cllr of a calibration, bounded as in the product, in bits."""
    llr = np.clip(line[0] * rows.similarity + line[1], -identity.MOST_LLR, identity.MOST_LLR) / np.log(10)
    same = rows.kind == KINDS[0]
    return cllr(llr[same], llr[~same])


def main() -> None:
    """Fit, judge, and write weights and card if it is better."""
    parser = argparse.ArgumentParser(description="calibrate identity on clones")
    parser.add_argument("more", type=Path)
    parser.add_argument("--card", type=Path, default=identity.CARD)
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder, clips = Ge2eEncoder.load(), listed(options.more)
    line = fitted([of_clones(read(name, pages), clips, encoder) for name, pages in TRAINING])
    judged = of_clones(read("as published", TEST_PAGES), clips, encoder)
    card, tensors = load(options.card)
    slope, offset = tensors["imitation"].tolist()
    before, after = costs(judged, (slope, offset)), costs(judged, line)
    same = judged.kind == KINDS[0]
    best = min_cllr(judged.similarity[same], judged.similarity[~same])
    print(f"{(slope, offset)}: {before:.3f} bits; {line}: {after:.3f}; at best {best:.3f}")
    if after < before:
        told = {"cllr_clones_held_out": round(after, 4), "min_cllr_clones_held_out": round(best, 4)}
        tensors |= {"imitation": torch.tensor(line)}
        write(replace(card, metrics={**card.metrics, **told}), tensors, options.card)


if __name__ == "__main__":
    main()
