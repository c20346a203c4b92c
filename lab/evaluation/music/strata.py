"""Sections of the music benchmark by what happened to the recordings, and by what they are.

The random delivery of every recording is known without its audio (`music_data.route_of`), so one delivery
gives a table by codec, bit rate, speed and channels. The manifest names neither genre nor vocals; collections
are what there is, and are grouped here by what their names and pages say they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lab import metrics
from lab.datasets import Recording
from lab.training.music.copies import route_of

if TYPE_CHECKING:
    from lab.evaluation.music.__main__ import Scored

VOCALS = frozenset({"ultrastar-songs", "jamendolyrics", "carnatic-sep", "musdb18-excerpts-anyaccomp"})
LEAST = 5
"""Recordings of either class without which a stratum has no AUC."""
GUESS_HZ = 500.0


def sections(scored: Sequence[Scored], everything: Sequence[Recording]) -> str:
    """The sections, as Markdown."""
    by_name = {s.delivery: s for s in scored}
    parts = []
    if "chain-1" in by_name:
        chain = by_name["chain-1"]
        ways = [route_of(r, r.sample_rate, "chain-1", everything) for r in chain.recordings]
        parts += ["\n## Strata of the random delivery, chain-1\n"]
        names: dict[str, list[str]] = {
            "codec": [str(w.codec) or "none" for w in ways],
            "bit rate": [_bit_rate(w.kbps if not w.mono else max(32, w.kbps // 2), w.codec) for w in ways],
            "speed": ["changed" if w.speed != 1.0 else "kept" for w in ways],
            "channels": ["mono" if w.mono else "as published" for w in ways],
            "rate": [f"{w.rate / 1000:g} kHz" for w in ways],
        }
        parts.append(_table(chain, names))
        parts.append(_guess(chain, names["codec"]))
    native = by_name["native"]
    parts += ["\n## Strata of the published files, native\n"]
    names = {
        "length": [g.rpartition("/")[2] for g in native.groups],
        "band": [g.partition("/")[0] for g in native.groups],
        "published codec": [_published(r.original_codec) for r in native.recordings],
    }
    parts.append(_table(native, names))
    parts += ["\n## False alarms by kind of human music, native\n", _kinds(native)]
    return "\n".join(parts)


def _published(codec: str) -> str:
    """Family of a codec as the manifest names it, such as `mp3/128k`; of MP3 also whether it is below 128."""
    family, _, detail = codec.partition("/")
    if family == "mp3" and detail.endswith("k"):
        return "mp3 below 128" if int(detail[:-1]) < 128 else "mp3 from 128"
    return "pcm, lossless" if family in {"wav", "flac", "aiff", "pcm_s16le"} else family or "unknown"


def _bit_rate(kbps: int, codec: str) -> str:
    if not codec:
        return "none"
    return "below 64" if kbps < 64 else "64 to 95" if kbps < 96 else "96 and more"


def _table(scored: Scored, names: dict[str, list[str]]) -> str:
    rows = []
    for kind, values in names.items():
        column = np.array(values)
        for value in sorted(set(values)):
            some = scored.where(column == value)
            ai, human = some.labelled("ai"), some.labelled("human")
            counts = f"| {kind} | {value} | {ai.raw.size} / {human.raw.size} "
            if min(ai.raw.size, human.raw.size) < LEAST:
                rows.append(counts + f"| too few | {_share(ai)} | {_share(human)} |")
                continue
            low, high = metrics.bootstrap(metrics.auc, ai.raw, human.raw, rounds=200)
            value_ = metrics.auc(ai.raw, human.raw)
            rows.append(counts + f"| {value_:.3f} ({low:.2f}-{high:.2f}) | {_share(ai)} | {_share(human)} |")
    head = "| stratum | | AI / human | pooled AUC (95 %) | AI flagged % | human flagged % |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows]) + "\n"


def _share(some: Scored) -> str:
    return f"{100 * some.flagged.mean():.0f}" if some.raw.size else "-"


def _kinds(native: Scored) -> str:
    human = native.labelled("human")
    kinds: list[tuple[str, Callable[[Recording], bool]]] = [
        ("games", lambda r: r.source.startswith("game-")),
        ("game jams", lambda r: r.source.startswith("gamejam-")),
        ("songs with vocals", lambda r: r.source in VOCALS),
        ("jazz", lambda r: "jazz" in r.source),
    ]
    rows, rest = [], np.ones(len(human.recordings), bool)
    for name, belongs in [*kinds, ("other", lambda _r: True)]:
        mask = rest & np.array([belongs(r) for r in human.recordings])
        rest &= ~mask
        flagged, count = int(human.flagged[mask].sum()), int(mask.sum())
        bound = 100 * metrics.upper_bound(flagged, count)
        top = float(human.raw[mask].max()) if count else 0.0
        rows.append(f"| {name} | {count} | {flagged} | ≤ {bound:.1f} | {top:.1f} |")
    head = "| kind | recordings | flagged | 95 % bound % | largest score |"
    return "\n".join([head, "|---|---|---|---|---|", *rows]) + "\n"


def _guess(chain: Scored, codecs: Sequence[str]) -> str:
    """Whether the last codec could be a group of the p-value: can it be guessed, and does it matter?

    The guess is the commonest codec among the other recordings whose content ends within `GUESS_HZ`.
    """
    truth = np.array(codecs)
    right = 0
    for k in range(truth.size):
        near = np.flatnonzero(np.abs(chain.bands - chain.bands[k]) <= GUESS_HZ)
        names, counts = np.unique(truth[near[near != k]], return_counts=True)
        right += bool(names.size) and names[counts.argmax()] == truth[k]
    commonest = max(int((truth == name).sum()) for name in set(codecs))
    human = chain.labelled("human")
    people = {r.path for r in human.recordings}
    kept = np.array([r.path in people for r in chain.recordings])
    spread = ", ".join(
        f"{name} {np.quantile(human.raw[truth[kept] == name], 0.95):.2f}"
        for name in sorted(set(codecs))
        if (truth[kept] == name).sum() >= LEAST
    )
    return (
        f"The codec is no group of the p-value. Guessed from where content ends, the last codec is right in "
        f"{100 * right / truth.size:.0f} % of copies (always saying the commonest: "
        f"{100 * commonest / truth.size:.0f} %). The score that one in twenty human copies exceeds: "
        f"{spread}.\n"
    )
