"""What was heard in the sound, in words: statistical findings, which prove nothing."""

from api.audit.heard import UNMEASURED
from api.language import _, later, named, spoken
from api.language.figures import number_text
from api.report.legible import legible
from api.report.numbers import bound_text, p_value_text, percent_text, score_text
from api.report.words.conditions import condition_text
from api.report.words.decoders import decoder_text
from api.report.words.exhibits import exhibit_text
from api.report.words.reasons import reason_text
from api.report.words.told import ESTIMATE, Facts, Found, Told, Tone, lowered, sentence

SCORES = later("Scores are estimates, not proof of who made a track.")
COMB = later("A comb is a row of lines at equal distances in the sound, as neural decoders leave them.")
NO_VOCALS = later("No singing or speech was found.")
MUSIC: dict[str, tuple[str, Tone]] = {
    "synthetic": (later("Traces of a neural decoder"), "warn"),
    "no_trace": (later("No trace of a neural decoder found"), "neutral"),
    "bona_fide": (later("No trace of a neural decoder found"), "neutral"),  # as earlier reports call it
    "uncertain": (later("Cannot be decided"), "neutral"),
}
"""What each verdict on music is called, and how it should look."""
LONGEST_NAMES = 60
"""Of artists in a sentence; each stands whole beside it."""
MOST_TOLD = 0.99
"""No share of the likeness is told as more than this."""
CONSENTS = {
    "active": later("active"),
    "unclear": later("given under one of two names of what may be one voice"),
    "other-scope": later("for another use or place"),
    "revoked": later("revoked"),
    "expired": later("not in its term"),
    "none": later("none"),
    "unknown": later("unknown"),
}
"""What each state of a consent is called."""


def music(ai: Found) -> Told:
    """Whether traces of a machine were found in the sound."""
    question, facts, basis = _("Are there traces of a machine?"), _music_facts(ai), _(ESTIMATE)
    if ai["score"] is None:
        text = sentence(reason_text(ai.get("reason")) or _("nothing could be measured"))
        return Told(question, _("Not measured"), text, basis=basis)
    answer, tone = MUSIC.get(ai["verdict"], (str(ai["verdict"]), "neutral"))
    if ai["verdict"] == "synthetic":
        text = _(
            "The sound bears the traces that a neural decoder leaves, the part of a music generator that "
            "makes the sound. A recording sent through a neural codec (a kind of compression) looks the same."
        )
    elif ai["verdict"] == "uncertain":
        text = sentence(reason_text(ai.get("reason")) or _("the evidence does not decide"))
        if "comb" in str(ai.get("reason")):
            text = f"{text} {_(COMB)}"
    else:
        text = _(
            "A neural decoder is the part of a music generator that makes the sound. That no trace of one is "
            "found says nothing of who made the recording."
        )
        if rates := _missed(ai):
            told = _("Music of known generators is missed, too: in %(rates)s.", rates=rates)
            text = f"{text} {told}"
    return Told(question, _(answer), text, tone, facts, basis)


def missed_text(miss: Found) -> str:
    """One of those shares, with how many recordings it rests on where that is known."""
    told = {"share": f"{100 * miss['share']:.0f}", "condition": condition_text(miss["condition"])}
    if miss.get("count") is None:
        return _("%(share)s %% %(condition)s", **told)
    text = _("%(share)s %% of %(count)s recordings %(condition)s", count=f"{miss['count']}", **told)
    return text + bound_text(miss["share"], miss["count"])


def _missed(ai: Found) -> str:
    """How often known generators leave no trace that is found, by condition."""
    each = (missed_text(miss) for miss in ai.get("misses") or () if miss.get("share") is not None)
    return _(", in ").join(each)


def _music_facts(ai: Found) -> Facts:
    if ai["score"] is None:
        return ()
    facts: Facts = (
        (_("Score"), score_text(ai["score"])),
        (_("p-value"), human_text(ai)),
    )
    return (*facts, (_("Likeness among known decoders"), resembles(ai))) if resembles(ai) else facts


def human_text(ai: Found) -> str:
    """The p-value, and among how many human recordings it is counted where that is known."""
    p_value = p_value_text(ai["p_value"])
    if not ai.get("compared"):  # reports of an earlier release
        return _("%(p_value)s, against human recordings", p_value=p_value)
    count = number_text(f"{ai['compared']:,}")
    return _("%(p_value)s, against %(count)s human recordings", p_value=p_value, count=count)


def resembles(ai: Found) -> str:
    """The likeliest decoders, where there are traces of one: shares of the likeness among those known."""
    if ai["verdict"] != "synthetic":
        return ""
    likely = [g for g in ai.get("generator") or () if g.get("share")][:3]
    return ", ".join(f"{decoder_text(g['family'])} {_part(float(g['share']))}" for g in likely)


def _part(share: float) -> str:
    """A share that is an estimate: never told as the whole."""
    return percent_text(share) if share < MOST_TOLD else _("above %(score)s", score=percent_text(MOST_TOLD))


def exhibits(ai: Found) -> tuple[str, ...]:
    """The evidence, strongest first, a sentence each."""
    texts = (exhibit_text(item) for item in ai.get("evidence") or ())
    return tuple(sentence(text) for text in texts if text)


def music_line(ai: Found) -> str:
    """The music finding in one line."""
    if ai["score"] is None:
        return _("not measured: %(reason)s", reason=reason_text(ai.get("reason")))
    measured = _(
        "score %(score)s, p-value %(p_value)s", score=score_text(ai["score"]), p_value=human_text(ai)
    )
    line = f"{lowered(music(ai).answer)}; {measured}"
    likely = resembles(ai)
    return line + _("; likeness among known decoders: %(decoders)s", decoders=likely) if likely else line


def voice(found: Found) -> Told:
    """Whether an enrolled artist's voice is imitated, as the policy judges it."""
    answer, text, tone = _imitated(found)
    facts: Facts = ()
    if found["has_voice"] and found.get("synthetic_score") is not None:
        facts = ((_("Synthetic score"), score_text(found["synthetic_score"])),)
        facts += tuple((str(a["name"]), artist(a)) for a in found.get("artists") or ())
        facts += tuple((_("Measured error rates"), rates) for rates in [error_rates(found)] if rates)
    return Told(_("Does the voice imitate an enrolled artist?"), answer, text, tone, facts, _(ESTIMATE))


def _imitated(found: Found) -> tuple[str, str, Tone]:
    if not_measured(found):
        return _("Not measured"), sentence(reason_text(found.get("reason") or UNMEASURED)), "neutral"
    if not found["has_voice"]:
        return _("No vocals found"), _(NO_VOCALS), "neutral"
    artists = found.get("artists") or ()
    copies = [a for a in artists if a.get("suspected")]
    named = legible(", ".join(str(a["name"]) for a in copies), LONGEST_NAMES)
    if copies and all(a.get("consent") == "active" for a in copies):
        text = _("It sounds like a synthetic copy of %(artists)s, and a consent is on file.", artists=named)
        return _("Clone suspected, consent on file"), text, "neutral"
    if copies:
        text = _("It sounds like a synthetic copy of %(artists)s.", artists=named)
        return _("Clone suspected"), text, "bad"
    if not artists:
        return _("No artist compared"), _("The vocals were compared with no enrolled artist."), "neutral"
    text = _("No comparison reached the policy's limit. Most copies stay below it, so this is no all-clear.")
    return _("No clone established"), text, "neutral"


def not_measured(found: Found) -> bool:
    """Whether the vocals gave no answer."""
    unheard = found["has_voice"] and found.get("synthetic_score") is None
    return found["has_voice"] is None or bool(unheard)


def voice_line(found: Found) -> str:
    """The voice finding in one line."""
    if not_measured(found):
        return _("not measured: %(reason)s", reason=reason_text(found.get("reason")))
    if not found["has_voice"]:
        return lowered(_(NO_VOCALS))
    scored = _(
        "synthetic score %(score)s (0.50 is even; alone no verdict)",
        score=score_text(found["synthetic_score"]),
    )
    lines = [f"{lowered(voice(found).answer)}; {scored}"]
    lines += [f"{a['name']}: {artist(a)}" for a in found["artists"]]
    lines += [_("error rates %(rates)s", rates=rates) for rates in [error_rates(found)] if rates]
    return "; ".join(lines)


def error_rates(found: Found) -> str:
    """How often the comparison with artists is right and wrong in conditions like the recording's."""
    told = "; ".join(map(_rate, found.get("error_rates") or ()))
    return _("in trials with one artist: %(rates)s", rates=told) if told else ""


def _rate(row: Found) -> str:
    text = _(
        "%(condition)s, %(clones)s of copies are found, and of the artist's own recordings at most "
        "%(genuine)s are taken for one",
        condition=condition_text(row["condition"]),
        clones=percent_text(row["clones_called"]) + bound_text(row["clones_called"], row.get("clones")),
        genuine=percent_text(row["genuine_called_at_most"]),
    )
    if "genuine" not in row:  # reports of an earlier release
        return text
    return _(
        "%(rate)s (%(clones)s copies and %(genuine)s own recordings tried)",
        rate=text,
        clones=row["clones"],
        genuine=row["genuine"],
    )


def artist(row: Found) -> str:
    """How the vocals compare with one artist."""
    similarity = row.get("similarity")
    if similarity is None:
        told = _("similarity not measured")
    else:
        told = _("similarity %(value)s (3 and more: alike)", value=number_text(f"{similarity:.1f}"))
    if row.get("clone_score") is not None:
        told += _(", clone score %(score)s", score=score_text(row["clone_score"]))
    return told + _(", consent on record: %(consent)s", consent=consent(row))


def consent(row: Found) -> str:
    """Whether an artist consented to a copy of the voice; in English with what the statement says of it."""
    name = str(row.get("consent", "unknown"))
    says = row.get("consent_says")
    told = named(CONSENTS, name)
    return f"{told} ({says})" if says and spoken() == "en" else told
