"""Clones of enrolled artists, found and wrongly found: `python -m lab.evaluation.voice.artists MORE RESULTS`.

Everybody who is cloned on the pages that judge or help to choose is enrolled from up to six recordings, of
whatever page, that are not heard in the trial; the clips that `lab.training.voice.measured` has measured are
heard as the product hears them. `RESULTS` is docs/benchmarks/voice-enrolled.json, whose entries are made
again.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from detector.voice import fusion
from detector.voice.detector import SUSPECTED
from detector.voice.encoder import Ge2eEncoder
from detector.voice.identity import MOST_LLR, Identity
from detector.voice.synthesis import SyntheticVoice
from lab.metrics import a_dcf, auc, eer
from lab.training.voice import conditions
from lab.training.voice.cloned import KINDS, Scores, Trials, enrolments, trials
from lab.training.voice.listed import CHOOSING_PAGES, TEST_PAGES, listed
from lab.training.voice.measured import TABLES, Measured, kept, read


def synthetic_llr(rows: Measured) -> Scores:
    """What the clone decision takes of measured clips, natural, before its bound."""
    voice = SyntheticVoice.load()
    found: Scores = voice.accusing_llr(voice.scores(torch.tensor(rows.inputs))).double().numpy()
    return found


def posteriors(rows: Trials, artists: int = 1) -> tuple[Scores, Scores]:
    """Clone score and natural fused ratio of every trial, one look, so many artists compared."""
    most = SyntheticVoice.most_llr
    identity = Identity.load(Ge2eEncoder.name)
    shares, ratios = [], []
    for similarity, raw in zip(rows.similarity.tolist(), rows.llr_syn.tolist(), strict=True):
        llr_id = fusion.bounded(fusion.among(identity.llr_imitation(similarity), artists), MOST_LLR)
        llr_syn = fusion.bounded(raw, most)
        shares.append(fusion.posterior(llr_syn, llr_id).clone)
        ratios.append(fusion.llr_clone(llr_syn, llr_id))
    return np.array(shares), np.array(ratios)


def counts(rows: Trials, artists: int = 1) -> dict[str, list[int]]:
    """By kind: trials called at 0.5, at the shipped limit, and all."""
    score, _ = posteriors(rows, artists)
    told = {}
    for kind in KINDS:
        here = score[rows.kind == kind]
        told[kind] = [int((here > 0.5).sum()), int((here >= SUSPECTED).sum()), len(here)]
    return told


def at_one_percent(rows: Trials) -> dict[str, float]:
    """What would be found at the limit that flags 1 % of genuine X here, whatever it is, and the areas."""
    score, ratio = posteriors(rows)
    clone, genuine = rows.kind == KINDS[0], rows.kind == KINDS[2]
    limit = float(np.sort(ratio[genuine])[-1 - int(0.01 * genuine.sum())])
    found = {f"found, {kind}": float((ratio[rows.kind == kind] > limit).mean()) for kind in KINDS}
    areas = {f"auc against {kind}": auc(ratio[clone], ratio[rows.kind == kind]) for kind in KINDS[1:]}
    everything = {"clone score there": float(score[ratio > limit].min(initial=1.0)), **found, **areas}
    return {name: round(value, 4) for name, value in everything.items()}


def verifier(rows: Trials) -> dict[str, float]:
    """Roles as a verifier has them: is this X, recorded?"""
    genuine, other, clone = (rows.kind == kind for kind in (KINDS[2], KINDS[3], KINDS[0]))
    identity = Identity.load(Ge2eEncoder.name)
    same = np.array([identity.llr_imitation(value) for value in rows.similarity.tolist()])
    both = -np.logaddexp(-same, rows.llr_syn)
    figures = {
        "SV-EER": eer(same[genuine], same[other]),
        "EER against clones, identity alone": eer(same[genuine], same[clone]),
        "SASV-EER": eer(both[genuine], both[other | clone]),
        "SASV-EER, identity alone": eer(same[genuine], same[other | clone]),
        "a-DCF": a_dcf(both[genuine], both[other], both[clone]),
        "a-DCF, identity alone": a_dcf(same[genuine], same[other], same[clone]),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def only(rows: Trials, chosen: npt.NDArray[np.bool_]) -> Trials:
    """The chosen trials."""
    return Trials(**{name: getattr(rows, name)[chosen] for name in Trials.__dataclass_fields__})


def by_artist(rows: Trials) -> dict[str, dict[str, Any]]:
    """Of each artist: clones and own recordings called and all, and the EER of identity on recordings."""
    identity = Identity.load(Ge2eEncoder.name)
    found: dict[str, dict[str, Any]] = {}
    for name in sorted(set(rows.artist.tolist())):
        own = only(rows, rows.artist == name)
        told = counts(own)
        found[name] = {"clone": told[KINDS[0]][1:], "genuine": told[KINDS[2]][1:]}
        same = np.array([identity.llr_imitation(value) for value in own.similarity.tolist()])
        genuine, others = same[own.kind == KINDS[2]], same[own.kind == KINDS[3]]
        if genuine.size and others.size:
            found[name] |= {"eer": round(eer(genuine, others), 3), "others": others.size}
    return found


def after_effects(
    enrolled: dict[str, torch.Tensor], pages: frozenset[str], folder: Path = TABLES
) -> dict[str, list[int]]:
    """Of enrolled artists' own recordings after each effect that was measured: called, and all."""
    told = {}
    for name in filter(lambda one: kept(one, folder), (*conditions.EFFECTS, conditions.ENHANCED)):
        rows = read(name, pages, folder)
        told[name] = counts(trials(rows, enrolled, synthetic_llr(rows)))[KINDS[2]][1:]
    return told


def measured(more: Path) -> dict[str, Any]:
    """Every entry that is made of trials, from the tables of `lab.training.voice.measured`."""
    encoder = Ge2eEncoder.load()
    pages = TEST_PAGES | CHOOSING_PAGES
    plain = read("as published", pages)
    people = set(plain.person[plain.synthetic].tolist()) - {""}
    enrolled = enrolments(listed(more), people, encoder)
    heard = {
        name: trials(rows, enrolled, synthetic_llr(rows))
        for name, rows in ((n, read(n, pages)) for n in ("as published", *conditions.CARRIERS) if kept(n))
    }
    every = heard.pop("as published")
    parts = {
        "a cappella": every,
        "speech": only(every, ~every.sung),
        "singing": only(every, every.sung),
        **heard,
    }
    by_condition = {}
    for name, rows in parts.items():
        told = counts(rows)
        by_condition[name] = {"clone": told[KINDS[0]], "genuine": told[KINDS[2]]}
    return {
        "people": len(enrolled),
        "pages": len(set(plain.page.tolist())),
        "clones": counts(every),
        "conditions": by_condition,
        "artists": {str(n): counts(every, n) for n in (1, 10, 100, 1000)},
        "at_one_percent_of_genuine": at_one_percent(every),
        "verifier": verifier(every),
        "by_artist": by_artist(every),
        "effects": after_effects(enrolled, pages),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the entries."""
    parser = argparse.ArgumentParser(description="count clones of enrolled artists that are called")
    parser.add_argument("more", type=Path)
    parser.add_argument("results", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    results = json.loads(options.results.read_text()) | measured(options.more)
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
