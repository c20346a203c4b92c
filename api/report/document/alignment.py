"""How often the fingerprint errs, in the condition of the very stretches that were found.

The rates are those of the benchmark, which a signed statement carries with the digest of their card. What was
not measured in a condition is said to be not measured: no rate of another condition is put in its place.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.language import _, later
from api.language.figures import number_text
from api.report.document.rates import codec_conditions
from api.report.numbers import chance_text, fine_percent_text, p_value_text, shifted

Found = Mapping[str, Any]
Rows = tuple[tuple[str, str], ...]

LEAST_S = 8.0
"""A stretch is told the rates of excerpts of ten seconds from here on, of five from `SHORT_S` on."""
SHORT_S = 5.0
STILL, STEADY = 0.005, 0.1
"""Changes of speed, and of pitch in semitones, below which a stretch counts as unchanged."""
FOLLOWS = 0.3
"""Semitones by which a pitch may differ from what the speed makes of it."""
LEAST_MOMENTS = "alignment.moments at_least"
"""The limit of a match, by its name in a statement."""
NIGHTCORE = later("15 %% faster, and two semitones higher besides")
MISSED = (
    (("none_5s",), later("as it is, excerpts of 5 s")),
    (("mp3_32_10s", "aac_32_10s", "opus_32_10s", "vorbis_64_10s"), later("after codecs at 32 to 64 kbit/s")),
    (("telephone_10s", "white_10db_10s", "pink_10db_10s"), later("over the telephone, or in strong noise")),
    (("echo_10s", "reverb_10s"), later("with echo or reverberation")),
    (("speed_0.90_10s", "speed_1.10_10s"), later("faster or slower by 10 %%, pitch with it")),
    (("speed_0.80_10s", "speed_1.25_10s"), later("faster or slower by 20 to 25 %%, pitch with it")),
    (("tempo_0.80_10s", "tempo_1.25_10s"), later("faster or slower by 20 to 25 %%, pitch kept")),
    (("pitch_0.89_10s", "pitch_1.12_10s"), later("higher or lower by two semitones, tempo kept")),
    (("nightcore_10s",), NIGHTCORE),
    (("mix_+0db_10s",), later("under other music that is as loud")),
)
"""What the fingerprint was tried on, the hardest of each kind."""


@dataclass(frozen=True)
class Condition:
    """What was done to a stretch on its way into the suspect.

    Attributes:
        name: of the measured condition that changes a recording as much or more; None where there is none.
        text: that condition in words.
    """

    name: str | None
    text: str


def condition(one: Found, measured: Found) -> Condition:
    """The condition of a stretch, among those of `measured` (the card's metrics)."""
    speed, semitones = float(one["speed"]), float(one["pitch_semitones"])
    moved, higher = abs(speed - 1) >= STILL, abs(semitones) >= STEADY
    follows = 12 * math.log2(speed)
    if not moved and not higher:
        return Condition("none", _("as it is"))
    if not moved:
        return _changed("pitch", 2 ** (semitones / 12), measured)
    if abs(semitones - follows) < FOLLOWS:
        return _changed("speed", speed, measured)
    if abs(semitones) < FOLLOWS:
        return _changed("tempo", speed, measured)
    if 1.0 < speed <= 1.15 and 0 < semitones - follows <= 2.0 + FOLLOWS:
        return Condition("nightcore", _(NIGHTCORE))
    return Condition(None, "")


def _changed(kind: str, amount: float, measured: Found) -> Condition:
    """The least measured change of a kind that is as large as this one."""
    known = [float(name) for name in re.findall(rf"\basked_{kind}_([\d.]+)_10s\b", " ".join(measured))]
    beyond = [
        one for one in known if (one - 1) * (amount - 1) > 0 and abs(one - 1) + STILL >= abs(amount - 1)
    ]
    if not beyond:
        return Condition(None, "")
    nearest = min(beyond, key=lambda one: abs(one - 1))
    times = number_text(f"{nearest:.2f}")
    words = {
        "speed": _("at %(times)s times its speed, pitch with it", times=times),
        "tempo": _("at %(times)s times its tempo, pitch kept", times=times),
        "pitch": _("%(shifted)s, tempo kept", shifted=shifted(12 * math.log2(nearest))),
    }
    return Condition(f"{kind}_{nearest:.2f}", words[kind])


def tried(one: Found, report: Found) -> tuple[str, str] | None:
    """What was tried in the condition of a stretch, and how much of it was found; None where nothing was."""
    measured = metrics(report)
    length_s, found = float(one["end_s"]) - float(one["start_s"]), condition(one, measured)
    if found.name is None or length_s < SHORT_S or (length_s < LEAST_S and found.name != "none"):
        return None
    seconds = "10s" if length_s >= LEAST_S else "5s"
    share = _share(f"{found.name}_{seconds}", measured)
    return None if share is None else (_excerpts(seconds, found.text), share)


def found_rates(report: Found) -> Rows:
    """How often recordings are found in the conditions of the stretches and of the suspect's codec."""
    measured, stretches = metrics(report), report["findings"]["alignment"]["stretches"]
    told = [tried(one, report) for one in stretches]
    rows = dict.fromkeys(row for row in told if row is not None)
    for name, text in codec_conditions(report["files"]["suspect"]):
        share = _share(f"{name}_10s", measured)
        if share is not None:
            rows[_excerpts("10s", _(text)), share] = None
    if None in told:
        rows[_("Found again, in the condition of the other stretches"), _("not measured")] = None
    return tuple(rows)


def missed_rates(report: Found) -> Rows:
    """How often a recording is not found though it is there, in the hardest conditions of each kind."""
    measured, rows = metrics(report), []
    for names, text in MISSED:
        if (missed := _missed(names, measured)) is not None:
            told = _("%(count)s of %(all)s", count=missed[0], all=missed[1])
            rows.append((_("Not found though it is there, %(condition)s", condition=_(text)), told))
    return tuple(rows)


def _missed(names: Sequence[str], measured: Found) -> tuple[int, int] | None:
    """How many excerpts were missed, and of how many, in the hardest of some conditions."""
    rows = [
        (measured[f"asked_{n}"] - measured[f"found_{n}"], measured[f"asked_{n}"])
        for n in names
        if f"asked_{n}" in measured
    ]
    return max(rows, key=lambda row: row[0] / row[1], default=None)


def sure(report: Found) -> Iterator[str]:
    """How sure the answer is, in sentences: by chance, in unrelated recordings, and after such changes."""
    aligned, measured = report["findings"]["alignment"], metrics(report)
    if aligned["outcome"] != "done":
        return
    stretches = aligned["stretches"]
    chances = [float(one["p_value"]) for one in stretches if one["p_value"] is not None]
    if chances:
        yield _(
            "The chance that unrelated music agrees as well as the best stretch: %(chance)s (p-value "
            "%(p_value)s).",
            chance=chance_text(min(chances)),
            p_value=p_value_text(min(chances)),
        )
    if stretches and (pairs := _agreeing_pairs(report)) is not None:
        yield _(
            "In trials, %(count)s of %(all)s pairs of unrelated recordings agreed in as many moments as a "
            "match needs.",
            count=pairs,
            all=number_text(f"{measured['unrelated_pairs']:,}"),
        )
    if stretches:
        longest = max(stretches, key=lambda one: float(one["end_s"]) - float(one["start_s"]))
        told = tried(longest, report)
        again = told[1] if told else _("not measured")
        yield _("Found again in trials of a change like the longest stretch's: %(found)s.", found=again)
        return
    missed = [(one, text) for names, text in MISSED if (one := _missed(names, measured)) is not None]
    worst = sorted(missed, key=lambda row: row[0][0] / row[0][1])[-1:]
    for (count, asked), text in dict.fromkeys((*missed[:1], *worst)):
        yield _(
            "In trials, a recording that was there was missed in %(count)s of %(all)s excerpts, "
            "%(condition)s.",
            count=count,
            all=asked,
            condition=_(text),
        )


def false_rates(report: Found) -> Iterator[tuple[str, str]]:
    """How often unrelated recordings match."""
    measured = metrics(report)
    names = {
        "human": _("Excerpts of music by people that met an unrelated recording among some hundred"),
        "ai": _("Excerpts of music by machines that met an unrelated recording among some hundred"),
    }
    for kind, text in names.items():
        if f"asked_{kind}" in measured:
            met, upper = measured[f"met_unrelated_{kind}"], measured[f"met_unrelated_{kind}_upper"]
            yield text, _at_most(met, measured[f"asked_{kind}"], fine_percent_text(upper))
    if (pairs := _agreeing_pairs(report)) is not None:
        least = report["limits"][LEAST_MOMENTS]
        upper = number_text(f"{100 * measured[f'unrelated_pairs_{least}_moments_upper']:.2g}\u00a0%")
        text = _("Pairs of unrelated recordings with %(count)s or more agreeing moments", count=least)
        yield text, _at_most(pairs, measured["unrelated_pairs"], upper)


def _agreeing_pairs(report: Found) -> int | None:
    """How many pairs of unrelated recordings agreed in as many moments as a match needs."""
    least = (report.get("limits") or {}).get(LEAST_MOMENTS)
    count: int | None = metrics(report).get(f"unrelated_pairs_{least}_moments")
    return count


def metrics(report: Found) -> Found:
    """What was measured of the fingerprint, as the statement carries it."""
    measured: Found = (report.get("calibration") or {}).get("metrics") or {}
    return measured


def _share(name: str, measured: Found) -> str | None:
    if f"asked_{name}" not in measured:
        return None
    return _(
        "%(count)s of %(all)s (at least %(bound)s with 95 %% confidence)",
        count=measured[f"found_{name}"],
        all=measured[f"asked_{name}"],
        bound=fine_percent_text(measured[f"found_{name}_lower"]),
    )


def _excerpts(seconds: str, condition: str) -> str:
    return _(
        "Found again, excerpts of %(length)s, %(condition)s",
        length=f"{seconds.removesuffix('s')} s",
        condition=condition,
    )


def _at_most(count: int, whole: int, bound: str) -> str:
    return _(
        "%(share)s of %(count)s (at most %(bound)s with 95 %% confidence)",
        share=count,
        count=number_text(f"{whole:,}"),
        bound=bound,
    )
