"""The evidence in the sound, in words made from its kind and its numbers."""

from collections.abc import Callable, Mapping
from typing import Any

from api.language import _, later, spoken
from api.language.figures import number_text
from api.report.words.decoders import decoder_text, grid_text
from api.report.words.told import Found

Data = Mapping[str, Any]
UNWORDED = later("evidence that the signed file tells in the program's own words")
"""Of a kind that this release does not know, or of a release that measured less."""


def exhibit_text(exhibit: Found) -> str:
    """One piece of evidence: in English as the statement says it, else from what was measured."""
    stated = str(exhibit.get("text", ""))
    made = _MADE.get(str(exhibit.get("kind")))
    if spoken() == "en":
        return stated
    try:
        return _(UNWORDED) if made is None else made(exhibit.get("data") or {})
    except (LookupError, TypeError, ValueError):
        return _(UNWORDED)


def _band(data: Data) -> str:
    return _("usable content up to %(top)s kHz", top=number_text(f"{data['band_hz'] / 1000:.1f}"))


def _comb(data: Data) -> str:
    values = {
        "spacing": number_text(f"{data['spacing_hz']:.3f}"),
        "z": number_text(f"{data['z']:.1f}"),
        "decoders": ", ".join(map(decoder_text, data["families"][:3])),
    }
    if data["ambiguous"]:
        return _(
            "a comb with a spacing of %(spacing)s Hz, %(z)s standard deviations above what unrelated "
            "spacings "
            "give; ambiguous between %(decoders)s",
            **values,
        )
    return _(
        "a comb with a spacing of %(spacing)s Hz, %(z)s standard deviations above what unrelated spacings "
        "give; fits %(decoders)s",
        **values,
    )


def _lines(data: Data) -> str:
    return _(
        "steady lines at %(grid)s, as a decoder's last layers leave them, together %(z)s times the spread of "
        "their surroundings above these",
        grid=grid_text(data["grid"]),
        z=number_text(f"{data['z']:.1f}"),
    )


def _speed(data: Data) -> str:
    times = number_text(f"{data['speed']:.4f}")
    if "in_step_s" not in data:
        return _("the comb fits playback at %(times)s times the original speed", times=times)
    return _(
        "the comb fits a known decoder at %(times)s times its pitch, in step for %(seconds)s s at a time: "
        "tempo, pitch or speed was changed",
        times=times,
        seconds=number_text(f"{data['in_step_s']:g}"),
    )


def _stretches(data: Data) -> str:
    return _(
        "%(speaking)s of %(all)s stretches of about 5 s speak for a neural decoder",
        speaking=data["synthetic"],
        all=data["segments"],
    )


def _looks(data: Data) -> str:
    return _("the strongest of %(count)s looks; score and p-value allow for all of them", count=data["looks"])


def _adapter(data: Data) -> str:
    if data.get("p_value") is None:
        return _("adapter %(name)s failed; the signed file tells why", name=data["name"])
    values = {
        "name": data["name"],
        "share": number_text(f"{100 * data['p_value']:.1f}"),
        "human": data["human"],
    }
    if data["llr"] is None:
        return _(
            "adapter %(name)s: %(share)s %% of %(human)s human recordings score at least as high; no vote",
            **values,
        )
    return _(
        "adapter %(name)s: log10 likelihood ratio %(ratio)s, %(share)s %% of %(human)s human recordings "
        "score at least as high",
        ratio=number_text(f"{data['llr']:.2f}"),
        **values,
    )


_MADE: Mapping[str, Callable[[Data], str]] = {
    "band": _band,
    "comb": _comb,
    "lines": _lines,
    "speed": _speed,
    "stationarity": _stretches,
    "looks": _looks,
    "adapter": _adapter,
}
