"""Networks that judge clips whose page, systems and named people they do not know.

Training pages are left out in turn; the pages that judge are scored by one network of all training pages.
"""

import re
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from detector.voice.synthesis import VIEWS, ScoreConfig, VoiceNetwork
from lab.training.voice.listed import CHOOSING_PAGES, TEST_PAGES
from lab.training.voice.measured import Flags, Floats, Measured
from lab.training.voice.ranking import Plan, fit, lots, standardise

Scores = npt.NDArray[np.float64]
View = Callable[[Measured], Floats]
MUCH_RECORDED = ("ljspeech", "opencpop")
"""People of whom whole corpora are training pages: their clips on the judging pages are left out instead."""
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
    known = {family(name) for name in training.system if name}
    fresh = np.array([not name or family(name) not in known for name in rows.system])
    chosen: Flags = np.isin(rows.page, sorted(TEST_PAGES)) & fresh & ~np.isin(rows.person, MUCH_RECORDED)
    return chosen


def trained(table: Measured, view: View, gain: float = 1.0, plan: Plan | None = None) -> VoiceNetwork:
    """A network of the rows."""
    values = view(table)
    network = VoiceNetwork(ScoreConfig(inputs=values.shape[1]))
    standardise(network, values.astype(np.float64), np.full(values.shape[1], gain))
    known = lots(table.synthetic, table.page, table.system)
    fit(network, network.standard(torch.tensor(values)), known, plan or Plan())
    return network.eval()


def logits(network: VoiceNetwork, rows: Measured, view: View) -> Scores:
    """Scores of rows, [N]."""
    with torch.inference_mode():
        found: Scores = network(torch.tensor(view(rows))).double().numpy()
    return found


def left_out(rows: Measured, view: View, gain: float, pages: list[str]) -> Scores:
    """Score of each row of a training page by a network that knows no page, system or person of it.

    Args:
        rows: of training pages.
        view: what the network sees.
        gain: how loudly.
        pages: to leave out in turn; rows of others stay NaN.
    """
    found = np.full(len(rows.page), np.nan)
    for page in pages:
        here = rows.page == page
        others = rows.only(here)
        found[here] = logits(trained(rows.only(strangers(rows, others)), view, gain), others, view)
    return found


def training_pages(rows: Measured) -> Flags:
    """Rows of pages that neither judge nor help to choose, [N] bool."""
    return ~np.isin(rows.page, sorted(TEST_PAGES | CHOOSING_PAGES))
