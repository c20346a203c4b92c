"""Networks that judge clips whose page, systems and named people they do not know.

Training pages are left out in turn; the pages that judge are scored by one network of all training pages.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from detector.voice.countermeasure import Countermeasure
from detector.voice.lines import COUNT
from detector.voice.synthesis import VIEWS, ScoreConfig, VoiceNetwork
from lab.training.voice.fusing import fusion
from lab.training.voice.listed import CHOOSING_PAGES, TEST_PAGES
from lab.training.voice.measured import Flags, Floats, Measured, Names
from lab.training.voice.ranking import Plan, fit, lots, standardise

Scores = npt.NDArray[np.float64]
View = Callable[[Measured], Floats]
MUCH_RECORDED = ("ljspeech", "opencpop")
"""People of whom whole corpora are training pages: their clips on the judging pages are left out instead."""
LEAST, FEW = 2, 15
"""Clips of either class that a page needs to be left out, and of each that are heard where little time is."""
GAIN = {"production": 1.0, "texture": 0.5, "course": 0.5}
"""How loudly a view speaks: few statistics loudly, thousands of layer statistics softly."""


def seen(rows: Measured, *, view: str) -> Floats:
    """What a network of the score sees."""
    return rows.inputs[:, VIEWS[view]]


def facts(rows: Measured) -> Floats:
    """What a file tells without a voice; the probe."""
    return rows.facts


LISTENERS: dict[str, View] = {name: partial(seen, view=name) for name in VIEWS}


def family(system: str) -> str:
    """A system without its variant: the first word of its name."""
    return re.split(r"[ (+-]", system)[0].lower()


def strangers(rows: Measured, others: Measured) -> Flags:
    """Which rows share neither page, nor system family, nor person with others, [N] bool."""
    families = {family(name) for name in others.system if name}
    people = set(others.person.tolist()) - {""}
    apart = ~np.isin(rows.page, others.page) & ~np.isin(rows.person, sorted(people))
    known: Flags = apart & ~np.array([bool(name) and family(name) in families for name in rows.system])
    return known


def judging(rows: Measured, training: Measured) -> Flags:
    """Which clips may judge: of the judging pages, no system that training knows, no much recorded person."""
    return may_judge(rows.page, rows.system, rows.person, training.system.tolist())


def may_judge(page: Names, system: Names, person: Names, trained_on: Iterable[str]) -> Flags:
    """The same of named clips, [N] bool; `trained_on` are the systems of the training pages."""
    known = {family(name) for name in trained_on if name}
    fresh = np.array([not name or family(name) not in known for name in system])
    chosen: Flags = np.isin(page, sorted(TEST_PAGES)) & fresh & ~np.isin(person, MUCH_RECORDED)
    return chosen


def trained(
    table: Measured, view: View, gain: float = 1.0, plan: Plan | None = None, members: int = 3
) -> VoiceNetwork:
    """A network of the rows."""
    values = view(table)
    network = VoiceNetwork(ScoreConfig(inputs=values.shape[1], members=members))
    standardise(network, values.astype(np.float64), np.full(values.shape[1], gain))
    known = lots(table.synthetic, table.page, table.system)
    fit(network, network.standard(torch.tensor(values)), known, plan or Plan())
    return network.eval()


def logits(network: VoiceNetwork, rows: Measured, view: View) -> Scores:
    """Scores of rows, [N]."""
    with torch.inference_mode():
        found: Scores = network(torch.tensor(view(rows))).double().numpy()
    return found


def few(rows: Measured, most: int = FEW) -> Measured:
    """So many rows of each page and class at most, its systems or people in turn."""
    taken: list[int] = []
    for page, side in sorted(set(zip(rows.page.tolist(), rows.synthetic.tolist(), strict=True))):
        here = np.flatnonzero((rows.page == page) & (rows.synthetic == side)).tolist()
        met: Counter[str] = Counter()
        turns = []
        for row in here:
            who = str(rows.system[row] if side else rows.person[row])
            turns.append((met[who], row))
            met[who] += 1
        taken += [row for _, row in sorted(turns)[:most]]
    return rows.only(np.isin(np.arange(len(rows.page)), taken))


def left_out(rows: Measured, choosing: Measured, pages: Sequence[str]) -> Scores:
    """Fused scores of each page by networks that know no page, system or person of it, [N].

    The networks of a page left out are standardised as the shipped ones are, by what they themselves say of
    the pages for choosing: their scales and offsets differ, since ranking within pages hardly sets them.

    Args:
        rows: of training pages.
        choosing: of the pages for choosing.
        pages: to leave out in turn; rows of others stay NaN.
    """
    found = np.full(len(rows.page), np.nan)
    for page in pages:
        here = rows.page == page
        own, others = rows.only(here), rows.only(strangers(rows, rows.only(here)))
        networks = {name: trained(others, view, GAIN[name], members=1) for name, view in LISTENERS.items()}
        standard = fusion(columns(networks, choosing))
        found[here] = standard.score(torch.tensor(columns(networks, own))).numpy()
    return found


def two_sided(rows: Measured) -> list[str]:
    """Pages with clips enough of both classes to be left out for a calibration."""
    sides = {page: rows.synthetic[rows.page == page] for page in sorted(set(rows.page.tolist()))}
    return [page for page, made in sides.items() if min(made.sum(), (~made).sum()) >= LEAST]


def columns(networks: Mapping[str, VoiceNetwork], rows: Measured) -> Scores:
    """Logits of C and of each network, [N, 1 + networks]."""
    heard = [logits(network, rows, LISTENERS[name]) for name, network in networks.items()]
    return np.stack([lines(rows), *heard], 1)


def lines(rows: Measured) -> Scores:
    """Scores of the line countermeasure."""
    with torch.inference_mode():
        found = Countermeasure.load().logits(torch.tensor(rows.inputs[:, :COUNT]))
    told: Scores = found.double().numpy()
    return told


def training_pages(rows: Measured) -> Flags:
    """Rows of pages that neither judge nor help to choose, [N] bool."""
    return ~np.isin(rows.page, sorted(TEST_PAGES | CHOOSING_PAGES))
