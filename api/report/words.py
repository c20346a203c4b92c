"""What a finding says, in words: the one place for every sentence that a page, a report or a terminal shows.

The functions take the JSON of a finding, as a stored report holds it, and say no more than it does: nothing
that was sought and not found is ever put as proof of the contrary.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Tone = Literal["good", "warn", "bad", "neutral"]

NO_VOCALS = "No singing or speech was found."
_MUSIC: dict[str, tuple[str, Tone]] = {
    "synthetic": ("Traces of a neural decoder", "warn"),
    "no_trace": ("No trace of a neural decoder found", "neutral"),
    "bona_fide": ("No trace of a neural decoder found", "neutral"),  # as earlier reports call it
    "uncertain": ("Cannot be decided", "neutral"),
}

OWNERSHIP: dict[str, tuple[str, Tone]] = {
    "match": ("Registered track", "good"),
    "disputed": ("Disputed", "warn"),
    "record_revoked": ("Record revoked", "warn"),
    "transplant_suspected": ("Copied watermark suspected", "bad"),
    "mark_removed_or_unmarked": ("Registered; no mark found", "warn"),
    "fingerprint_only": ("Registered track", "warn"),
    "mark_unconfirmed": ("Mark found, not confirmed", "warn"),
    "unknown_mark": ("Mark without a record", "warn"),
    "record_invalid": ("Record does not verify", "bad"),
    "credentials_only": ("Named by credentials only", "warn"),
    "no_record": ("Not registered here", "neutral"),
    "not_checked": ("Not checked", "neutral"),
}
"""What each status of ownership is called, and how it should look."""


@dataclass(frozen=True)
class Told:
    """The answer to one question.

    Attributes:
        answer: in a few words.
        text: one or two sentences: what was found, and what it does not prove.
        tone: how it should look.
    """

    answer: str
    text: str
    tone: Tone = "neutral"


def music(ai: Mapping[str, Any]) -> Told:
    """Whether traces of a machine were found in the sound."""
    if ai["score"] is None:
        return Told("Not measured", f"{ai.get('reason') or 'nothing could be measured'}.")
    answer, tone = _MUSIC.get(ai["verdict"], (str(ai["verdict"]), "neutral"))
    if ai["verdict"] == "synthetic":
        text = "The sound went through a neural decoder, the last stage of every music generator."
        return Told(answer, f"{text} A recording sent through a neural codec looks the same.", tone)
    if ai["verdict"] == "uncertain":
        return Told(answer, f"{_sentence(str(ai.get('reason') or 'the evidence does not decide'))}", tone)
    rates = ", in ".join(f"{100 * m['share']:.0f} % {m['condition']}" for m in ai.get("misses") or ())
    known = f" None is found in known generators' music either: in {rates}." if rates else ""
    return Told(answer, f"That says nothing of who made the recording.{known}", tone)


def music_line(ai: Mapping[str, Any]) -> str:
    """The music finding in one line."""
    told = music(ai)
    if ai["score"] is None:
        return f"not measured: {ai.get('reason')}"
    p_value = "unknown" if ai["p_value"] is None else f"{ai['p_value']:.2g}"
    return f"{_lower(told.answer)}; score {score_text(ai['score'])}, p-value {p_value} against human music"


def voice(found: Mapping[str, Any]) -> Told:
    """Whether an enrolled artist's voice is imitated, as the policy judges it."""
    if not_measured(found):
        return Told("Not measured", f"{found.get('reason') or 'the vocals could not be measured'}.")
    if not found["has_voice"]:
        return Told("No vocals", NO_VOCALS)
    artists = found.get("artists") or ()
    copies = [a for a in artists if a.get("suspected")]
    named = ", ".join(str(a["name"]) for a in copies)
    if copies and all(a.get("consent") == "active" for a in copies):
        return Told("Authorised copy", f"It sounds like a copy of {named}, and a consent is on file.", "good")
    if copies:
        return Told("Clone suspected", f"It sounds like a synthetic copy of {named}.", "bad")
    if not artists:
        return Told("No artist compared", "The vocals were compared with no enrolled artist.")
    text = "No comparison reached the policy's limit. Most copies stay below it, so this is no all-clear."
    return Told("No clone established", text)


def not_measured(found: Mapping[str, Any]) -> bool:
    """Whether the vocals gave no answer."""
    unheard = found["has_voice"] and found.get("synthetic_score") is None
    return found["has_voice"] is None or bool(unheard)


def voice_line(found: Mapping[str, Any]) -> str:
    """The voice finding in one line."""
    if not_measured(found):
        return f"not measured: {found.get('reason')}"
    if not found["has_voice"]:
        return _lower(NO_VOCALS).rstrip(".")
    lines = [f"{_lower(voice(found).answer)}; synthetic score {score_text(found['synthetic_score'])}"]
    lines += [f"{a['name']}: {artist(a)}" for a in found["artists"]]
    return "; ".join(lines)


def artist(row: Mapping[str, Any]) -> str:
    """How the vocals compare with one artist."""
    text = f"similarity {row['similarity']:.1f} (3 and more: alike)"
    if row.get("clone_score") is not None:
        text += f", clone score {score_text(row['clone_score'])}"
    says = row.get("consent_says")
    return f"{text}, consent on record: {row.get('consent', 'unknown')}{f' ({says})' if says else ''}"


def credentials(found: Mapping[str, Any]) -> Told:
    """What the content credentials in the file vouch for."""
    if not found["present"]:
        return Told("None", "Re-encoding removes them, so this proves nothing.")
    if not found.get("signature_valid", found["valid"]):
        return Told("Broken", "Their signature does not hold: they vouch for nothing.", "bad")
    if not found.get("content_bound", found["valid"]):
        return Told("Broken", "The file was changed after it was signed.", "bad")
    if not found["valid"]:
        return Told(
            "Faulty", "They fit the file, but a validator found something else wrong with them.", "bad"
        )
    if not found.get("trusted", found["valid"]):
        return Told(
            "Unknown signer", "Signed and unchanged, by somebody this registry does not know.", "warn"
        )
    if found.get("record_known") is False:
        text = f"They name record {found['record_id']}, which this registry does not know."
        return Told("Another registry's or tenant's", text, "warn")
    return Told("Valid", "Signed by a trusted party and unchanged since.", "good")


def score_text(score: float) -> str:
    """A score for people: no score is ever shown as certainty."""
    if score >= 0.995:
        return "above 0.99"
    return "below 0.01" if score < 0.005 else f"{score:.2f}"


def time_text(seconds: float) -> str:
    """A moment for people, to a tenth of a second."""
    return f"{round(seconds, 1) + 0.0:.1f} s"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"
