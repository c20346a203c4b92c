"""What a comparison of two files says, in words: never more than that a recording is heard in another."""

from collections.abc import Mapping
from typing import Any

from api.report.numbers import clock_text, percent_text
from api.report.words.told import Told, sentence

BASIS = "fingerprint: the same moments of sound, in the same order"
SOUGHT = "the same recording, at speeds from 0.79 to 1.27 times the original's"
"""What the fingerprint finds (`provenance.fingerprint.played`)."""
NOT_SOUGHT = "A new performance, a cover or a borrowed melody is another recording and is not looked for."
MEANING = (
    "A match says that a recording is heard in another one. It does not say which came first, "
    "nor who may use it."
)
SMALLEST = 1e-6


def heard(found: Mapping[str, Any]) -> Told:
    """Whether the original is heard in the suspected copy."""
    question, aligned = "Is the original heard in the suspected copy?", found["alignment"]
    if aligned["outcome"] != "done":
        text = f"{sentence(str(aligned['reason']))} Nothing follows from that."
        return Told(question, "Cannot be compared", text, "warn", basis=BASIS)
    stretches = aligned["stretches"]
    if not stretches:
        text = (
            f"No stretch of the original was found in the suspected copy. What was looked for: {SOUGHT}. "
            f"{NOT_SOUGHT} So this does not show that they are different works."
        )
        return Told(question, "No match found", text, basis=BASIS)
    facts = (
        ("Of the suspected copy", f"{percent_text(aligned['score'])} matches"),
        ("Chance of that in unrelated music", chance(stretches)),
    )
    if found["same_bytes"]:
        return Told(question, "The same file", "Both are the same, byte for byte.", "warn", facts, BASIS)
    counted = "One stretch matches" if len(stretches) == 1 else f"{len(stretches)} stretches match"
    longest = max(stretches, key=lambda one: float(one["end_s"] - one["start_s"]))
    beginning = "" if len(stretches) == 1 else "The longest: "
    text = f"{beginning}{sentence(stretch(longest))} {MEANING}"
    return Told(question, counted, text, "warn", facts, BASIS)


def stretch(one: Mapping[str, Any]) -> str:
    """A stretch that both share, as a clause."""
    length_s = one["end_s"] - one["start_s"]
    there = f"{clock_text(one['start_s'])} to {clock_text(one['end_s'])}"
    here = f"{clock_text(one['original_start_s'])} to {clock_text(one['original_end_s'])}"
    return f"{length_s:.0f} s of the suspected copy ({there}) match the original at {here}, {changed(one)}"


def changed(one: Mapping[str, Any]) -> str:
    """How a stretch was changed on its way into the copy."""
    told = []
    if abs(one["speed"] - 1) >= 0.001:
        told.append(f"at {one['speed']:.3g} times its speed")
    semitones = float(one["pitch_semitones"])
    if abs(semitones) >= 0.05:
        told.append(f"{abs(semitones):.1f} semitones {'higher' if semitones > 0 else 'lower'}")
    return " and ".join(told) or "at its own speed and pitch"


def chance(stretches: Any) -> str:
    """How likely the best stretch is in unrelated music, told no finer than such rates are measured."""
    best = min((float(one["p_value"]) for one in stretches if one["p_value"] is not None), default=None)
    if best is None:
        return "not kept"
    return "below one in a million" if best < SMALLEST else f"one in {1 / best:,.0f}"
