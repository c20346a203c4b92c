"""What was heard in the sound, in words: statistical findings, which prove nothing."""

from api.audit.heard import UNMEASURED
from api.audit.numbers import p_value_text, score_text
from api.report.numbers import percent_text
from api.report.words.told import ESTIMATE, Facts, Found, Told, Tone, lowered, sentence

SCORES = "Scores are estimates, not proof of who made a track."
NO_VOCALS = "No singing or speech was found."
MUSIC: dict[str, tuple[str, Tone]] = {
    "synthetic": ("Traces of a neural decoder", "warn"),
    "no_trace": ("No trace of a neural decoder found", "neutral"),
    "bona_fide": ("No trace of a neural decoder found", "neutral"),  # as earlier reports call it
    "uncertain": ("Cannot be decided", "neutral"),
}
"""What each verdict on music is called, and how it should look."""


def music(ai: Found) -> Told:
    """Whether traces of a machine were found in the sound."""
    question, facts = "Are there traces of a machine?", _music_facts(ai)
    if ai["score"] is None:
        text = f"{ai.get('reason') or 'nothing could be measured'}."
        return Told(question, "Not measured", text, basis=ESTIMATE)
    answer, tone = MUSIC.get(ai["verdict"], (str(ai["verdict"]), "neutral"))
    if ai["verdict"] == "synthetic":
        text = "The sound bears the traces that a neural decoder leaves, the last stage of music generators. "
        text += "A recording sent through a neural codec looks the same."
    elif ai["verdict"] == "uncertain":
        text = sentence(str(ai.get("reason") or "the evidence does not decide"))
    else:
        rates = ", in ".join(f"{100 * m['share']:.0f} % {m['condition']}" for m in ai.get("misses") or ())
        text = "That says nothing of who made the recording."
        text += f" None is found in known generators' music either: in {rates}." if rates else ""
    return Told(question, answer, text, tone, facts, ESTIMATE)


def _music_facts(ai: Found) -> Facts:
    if ai["score"] is None:
        return ()
    facts: Facts = (
        ("Score", score_text(ai["score"])),
        ("p-value (human music)", p_value_text(ai["p_value"])),
    )
    return (*facts, ("Resembles", resembles(ai))) if resembles(ai) else facts


def resembles(ai: Found) -> str:
    """The likeliest decoders, where there are traces of one."""
    if ai["verdict"] != "synthetic":
        return ""
    likely = [g for g in ai.get("generator") or () if g.get("share")][:3]
    return ", ".join(f"{g['family']} {percent_text(g['share'])}" for g in likely)


def exhibits(ai: Found) -> tuple[str, ...]:
    """The evidence, strongest first, a sentence each."""
    texts = (str(item.get("text", "")) for item in ai.get("evidence") or ())
    return tuple(sentence(text) for text in texts if text)


def music_line(ai: Found) -> str:
    """The music finding in one line."""
    if ai["score"] is None:
        return f"not measured: {ai.get('reason')}"
    score, p_value = score_text(ai["score"]), p_value_text(ai["p_value"])
    line = f"{lowered(music(ai).answer)}; score {score}, p-value {p_value} against human music"
    return f"{line}; resembles {resembles(ai)}" if resembles(ai) else line


def voice(found: Found) -> Told:
    """Whether an enrolled artist's voice is imitated, as the policy judges it."""
    answer, text, tone = _imitated(found)
    facts: Facts = ()
    if found["has_voice"] and found.get("synthetic_score") is not None:
        facts = (("Synthetic score", score_text(found["synthetic_score"])),)
        facts += tuple((str(a["name"]), artist(a)) for a in found.get("artists") or ())
        facts += tuple(("Measured error rates", rates) for rates in [error_rates(found)] if rates)
    return Told("Whose voice is it?", answer, text, tone, facts, ESTIMATE)


def _imitated(found: Found) -> tuple[str, str, Tone]:
    if not_measured(found):
        return "Not measured", f"{found.get('reason') or UNMEASURED}.", "neutral"
    if not found["has_voice"]:
        return "No vocals", NO_VOCALS, "neutral"
    artists = found.get("artists") or ()
    copies = [a for a in artists if a.get("suspected")]
    named = ", ".join(str(a["name"]) for a in copies)
    if copies and all(a.get("consent") == "active" for a in copies):
        return "Authorised copy", f"It sounds like a copy of {named}, and a consent is on file.", "good"
    if copies:
        return "Clone suspected", f"It sounds like a synthetic copy of {named}.", "bad"
    if not artists:
        return "No artist compared", "The vocals were compared with no enrolled artist.", "neutral"
    text = "No comparison reached the policy's limit. Most copies stay below it, so this is no all-clear."
    return "No clone established", text, "neutral"


def not_measured(found: Found) -> bool:
    """Whether the vocals gave no answer."""
    unheard = found["has_voice"] and found.get("synthetic_score") is None
    return found["has_voice"] is None or bool(unheard)


def voice_line(found: Found) -> str:
    """The voice finding in one line."""
    if not_measured(found):
        return f"not measured: {found.get('reason')}"
    if not found["has_voice"]:
        return lowered(NO_VOCALS)
    lines = [f"{lowered(voice(found).answer)}; synthetic score {score_text(found['synthetic_score'])}"]
    lines += [f"{a['name']}: {artist(a)}" for a in found["artists"]]
    lines += [f"error rates {rates}" for rates in [error_rates(found)] if rates]
    return "; ".join(lines)


def error_rates(found: Found) -> str:
    """How often the comparison with artists is right and wrong in conditions like the recording's."""
    rows = found.get("error_rates") or ()
    told = "; ".join(
        f"{r['condition']} {percent_text(r['clones_called'])} of clones called, "
        f"of the artist's own recordings at most {percent_text(r['genuine_called_at_most'])}"
        for r in rows
    )
    return f"at the shipped limit, one artist compared: {told}" if told else ""


def artist(row: Found) -> str:
    """How the vocals compare with one artist."""
    similarity = row.get("similarity")
    told = "not measured" if similarity is None else f"{similarity:.1f} (3 and more: alike)"
    clone, says = row.get("clone_score"), row.get("consent_says")
    text = f"similarity {told}" + ("" if clone is None else f", clone score {score_text(clone)}")
    return f"{text}, consent on record: {row.get('consent', 'unknown')}" + (f" ({says})" if says else "")
