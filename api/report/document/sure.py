"""How sure each answer of page one is: its number, what the number means, and how it was measured."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.language import _, later
from api.language.figures import number_text
from api.report.document.rates import CLEAN, metrics, read_aright, seen_unmarked
from api.report.legible import legible
from api.report.numbers import chance_text, limit_text, p_value_text, rate_text, score_text, told_chance
from api.report.words.heard import error_rates, not_measured
from api.report.words.provenance import MARK_CHANCE
from api.report.words.told import sentence

LONGEST_NAME = 24
CALCULATED = later("Signatures are checked by calculation, not estimated.")
Found = Mapping[str, Any]


def sure(report: Found) -> tuple[str, ...]:
    """A sentence or two for each question, in their order; empty where nothing was measured."""
    checks = report["findings"].get("checks") or {}
    done = {name: checks.get(name, "done") == "done" for name in ("fingerprint", "watermark", "credentials")}
    told = (
        _recording(report) if done["fingerprint"] else (),
        _mark(report) if done["watermark"] else (),
        _credentials(report) if done["credentials"] else (),
        _music(report),
        _voice(report),
        *([()] if report["findings"].get("originality") is not None else ()),  # it tells its own numbers
    )
    return tuple(" ".join(one) for one in told)


def _recording(report: Found) -> Iterator[str]:
    found = report["findings"]
    record = found["ownership"].get("record") or {}
    chances = [m["p_value"] for m in found["fingerprint"] if m.get("p_value") is not None]
    if chances:
        yield _(
            "The chance that unrelated music matches a registered track as well: %(chance)s (p-value "
            "%(p_value)s).",
            chance=chance_text(min(chances)),
            p_value=p_value_text(min(chances)),
        )
    elif not found["fingerprint"]:
        yield _("How often a changed copy of a registered recording is missed is not measured by an audit.")
    if record.get("verified"):
        yield _(CALCULATED)


def _mark(report: Found) -> Iterator[str]:
    mark = report["findings"]["watermark"]
    if mark["present"]:
        if mark["p_value"] is not None:
            yield f"{_(MARK_CHANCE)}: {told_chance(mark['p_value'])}."
        if told := seen_unmarked(report):
            yield _("In trials, a mark seemed to be in clips without one: %(rate)s.", rate=told)
        return
    share, count, length = read_aright(report, CLEAN)
    if share is not None:
        yield _(
            "In trials, marks were read aright in unchanged clips of %(length)s: %(rate)s. After strong "
            "changes they can be lost.",
            rate=rate_text(share, count),
            length=length,
        )


def _credentials(report: Found) -> Iterator[str]:
    if report["findings"]["credentials"]["present"]:
        yield _(CALCULATED)


def _music(report: Found) -> Iterator[str]:
    ai = report["findings"]["ai"]
    if ai["score"] is None:
        return
    yield _(
        "Score %(score)s on a scale from 0 to 1, where %(even)s is undecided and more speaks for a machine.",
        score=score_text(ai["score"]),
        even=number_text("0.50"),
    )
    if ai["p_value"] is not None:
        told = {"chance": chance_text(ai["p_value"]), "p_value": p_value_text(ai["p_value"])}
        if ai.get("compared"):
            yield _(
                "Of %(count)s comparable recordings by people, this share scores as high: %(chance)s "
                "(p-value %(p_value)s).",
                count=number_text(f"{ai['compared']:,}"),
                **told,
            )
        else:  # reports of an earlier release
            yield _(
                "Of comparable recordings by people, this share scores as high: %(chance)s (p-value "
                "%(p_value)s).",
                **told,
            )
    measured = metrics(report, "music-decoder-clock")
    share, count = measured.get("native_flagged_human"), measured.get("native_n_human")
    if ai["verdict"] == "synthetic" and share is not None and count is not None:
        yield _(
            "In trials, traces seemed to be in recordings by people: %(rate)s.",
            rate=rate_text(share, count),
        )


def _voice(report: Found) -> Iterator[str]:
    voice = report["findings"]["voice"]
    if not_measured(voice) or not voice["has_voice"]:
        return
    scored = [one for one in voice.get("artists") or () if one.get("clone_score") is not None]
    if not scored:
        yield _(
            "Synthetic score %(score)s on a scale from 0 to 1, where %(even)s is undecided; alone it is "
            "no verdict.",
            score=score_text(voice["synthetic_score"]),
            even=number_text("0.50"),
        )
        return
    best = max(scored, key=lambda one: float(one["clone_score"]))
    yield _(
        "The highest clone score is %(score)s, for %(artist)s: an estimate from 0 to 1 of how likely a "
        "synthetic copy is.",
        score=score_text(best["clone_score"]),
        artist=legible(str(best["name"]), LONGEST_NAME),
    )
    limits = [
        limit_text(value)
        for rule in (report["policy"].get("thresholds") or {}).values()
        for name, value in rule.items()
        if name == "clone_score at_least"
    ]
    if limits:
        yield _("The policy calls it a copy from %(limit)s on.", limit=min(limits))
    if rates := error_rates(voice):
        yield sentence(rates)
