"""What a comparison of two files says, in words: never more than that a recording is heard in another."""

from collections.abc import Mapping
from typing import Any

from api.language import _, later, ngettext
from api.language.figures import number_text
from api.report.numbers import chance_text, percent_text, shifted, span_text
from api.report.words.reasons import reason_text
from api.report.words.told import Told, sentence

BASIS = later("fingerprint: the same moments of sound, in the same order")
SOUGHT = later("the same recording, at speeds from 0.79 to 1.27 times the original's")
"""What the fingerprint finds (`provenance.fingerprint.played`)."""
NOT_SOUGHT = later(
    "A new performance, a cover or a borrowed melody is another recording and is not looked for."
)
MEANING = later(
    "A match says that a recording is heard in another one. It does not say which came first, "
    "nor who may use it."
)


def heard(found: Mapping[str, Any]) -> Told:
    """Whether the original is heard in the suspected copy."""
    question, aligned = _("Is the original heard in the suspected copy?"), found["alignment"]
    basis = _(BASIS)
    if aligned["outcome"] != "done":
        text = " ".join((sentence(reason_text(aligned["reason"])), _("Nothing follows from that.")))
        return Told(question, _("Cannot be compared"), text, "warn", basis=basis)
    stretches = aligned["stretches"]
    if not stretches:
        sought = _(
            "No stretch of the original was found in the suspected copy. Looked for was %(sought)s.",
            sought=_(SOUGHT),
        )
        end = _("So this does not show that they are different works.")
        return Told(question, _("No match found"), f"{sought} {_(NOT_SOUGHT)} {end}", basis=basis)
    facts = (
        (_("Of the suspected copy"), _("%(share)s matches", share=percent_text(aligned["score"]))),
        (_("Chance of that in unrelated music"), chance(stretches)),
    )
    if found["same_bytes"]:
        text = _("Both are the same, byte for byte.")
        return Told(question, _("The same file"), text, "warn", facts, basis)
    counted = ngettext("One stretch matches", "%(num)s stretches match", len(stretches))
    longest = max(stretches, key=lambda one: float(one["end_s"] - one["start_s"]))
    told = sentence(stretch(longest))
    if len(stretches) > 1:
        told = _("The longest: %(stretch)s", stretch=told)
    return Told(question, counted, f"{told} {_(MEANING)}", "warn", facts, basis)


def stretch(one: Mapping[str, Any]) -> str:
    """A stretch that both share, as a clause."""
    length_s = one["end_s"] - one["start_s"]
    return _(
        "%(seconds)s s of the suspected copy (%(there)s) match the original at %(here)s, %(changed)s",
        seconds=f"{length_s:.0f}",
        there=span_text(one["start_s"], one["end_s"]),
        here=span_text(one["original_start_s"], one["original_end_s"]),
        changed=changed(one),
    )


def changed(one: Mapping[str, Any]) -> str:
    """How a stretch was changed on its way into the copy."""
    told = []
    if abs(one["speed"] - 1) >= 0.001:
        told.append(_("at %(times)s times its speed", times=number_text(f"{one['speed']:.3g}")))
    semitones = float(one["pitch_semitones"])
    if abs(semitones) >= 0.05:
        told.append(shifted(semitones))
    return _(" and ").join(told) or _("at its own speed and pitch")


def chance(stretches: Any) -> str:
    """How likely the best stretch is in unrelated music, told no finer than such rates are measured."""
    best = min((float(one["p_value"]) for one in stretches if one["p_value"] is not None), default=None)
    return _("not kept") if best is None else chance_text(best)
