"""Why a policy decided: the words of its rules.

A signed statement holds a rule's words as the policy wrote them, in English for the policy that ships. In
another language they are made anew from the rule's id and from what was found; those of somebody's own policy
stand as it words them.
"""

from collections.abc import Iterator, Mapping

from api.language import _, later, spoken
from api.language.figures import number_text
from api.report.numbers import limit_text, p_value_text, score_text
from api.report.words.beside import of_others, unconfirmed, unreliable, unsearched
from api.report.words.owned import owned_text
from api.report.words.reasons import reason_text
from api.report.words.told import Found, outcome

DEFAULT_POLICY = "trackmark-default "
"""How the policy that ships is named in a decision, before its version."""
_SIMPLE: Mapping[str, str] = {
    "record-invalid": later(
        "The record %(record)s is on file, but its signature or its place in the log does not verify."
    ),
    "log-unsigned": later(
        "Record %(record)s stands in the log as it is stored here, but the log's key has signed no "
        "checkpoint that holds it yet: nothing proves its place."
    ),
    "credentials-tampered": later(
        "The file carries content credentials that do not fit its content: it was changed after signing."
    ),
    "credentials-faulty": later(
        "The file carries content credentials that fit its content, but they do not hold: their signature or "
        "something else in them is wrong."
    ),
    "credentials-name-an-unknown-record": later(
        "Trusted content credentials name record %(named)s, which this registry does not know: somebody else "
        "may own this track."
    ),
    "credentials-say-ai": later(
        "The file's content credentials say that AI was used (%(source)s), and no verified record "
        "declares AI."
    ),
    "tags-say-ai": later(
        "The file's own tags, which anybody can write, say that AI was used, and no verified record declares "
        "AI."
    ),
    "unknown-mark": later(
        "The file carries a valid watermark of ours that no record of this registry explains."
    ),
    "undeclared-synthetic-music": later(
        "The audio bears traces of a neural decoder, as generated music does (score %(score)s, p-value "
        "%(p_value)s against human music), and no verified record declares AI."
    ),
    "declares-no-ai-bears-traces": later(
        "The record declares no AI, but the audio bears traces of a neural decoder (score %(score)s, p-value "
        "%(p_value)s)."
    ),
    "credentials-name-another-record": later(
        "Trusted content credentials name record %(named)s, and neither mark nor sound do: they name others."
    ),
    "traces-beyond-what-is-declared": later(
        "The audio bears traces of a neural decoder (score %(score)s, p-value %(p_value)s), and "
        "%(undeclared)s s of it lie in no track whose record declares AI."
    ),
    "check-uncompared": later("Not every enrolled artist could be compared."),
    "check-partly": later("Only a part of the audio could be decoded and checked."),
    "check-unread": later("Something in the file could not be read."),
}
"""By id; the values stand in `_values`."""
_OPEN: Mapping[str, str] = {
    "watermark": later("The watermark could not be looked for: %(why)s."),
    "credentials": later("The content credentials could not be read: %(why)s."),
    "fingerprint": later("The audio could not be compared with the registered tracks: %(why)s."),
    "music": later("Whether a machine made the music could not be measured: %(why)s."),
    "voice": later("The vocals could not be judged: %(why)s."),
    "originality": later("How near the audio comes to registered tracks could not be told: %(why)s."),
}
"""Of a check that gave no answer, by its name."""
_SOURCES = (
    later("C2PA 2.3, soft bindings: a copied watermark is told by a fingerprint"),
    later("C2PA 2.3, hard bindings"),
    later("C2PA 2.3, validation"),
    later("EU AI Act, Art. 50(2); IPTC digital source types"),
    later("GB 45438-2025 (label AIGC); EU AI Act, Art. 50(2)"),
    later("EU AI Act, Art. 50(2); Code of Practice on Transparency of AI-Generated Content, 1.2"),
    later("EU AI Act, Art. 50(2); DDEX ERN 4.3.2 ContainsAI"),
    later("Tennessee ELVIS Act; NO FAKES Act (pending)"),
)
"""Where the rules of the default policy come from; what is a name in every language is not among them."""
_OWNED = (
    "transplant-suspected",
    "disputed",
    "record-revoked",
    "mark-removed-or-unmarked",
    "mark-unconfirmed",
)
"""Rules whose words are those of the finding on ownership."""


def rule_texts(found: Found) -> tuple[str, ...]:
    """The words of every rule that applied, in the order of the decision."""
    decision = found["decision"]
    if spoken() == "en" or not str(decision.get("policy", "")).startswith(DEFAULT_POLICY):
        return tuple(_stated(rule) for rule in decision["rules"])
    again = {
        "holds-a-track-of-others": of_others(found),
        "holds-a-track-that-does-not-stand": unreliable(found),
        "holds-a-mark-of-an-unknown-record": unconfirmed(found, known=False),
        "holds-a-mark-unconfirmed": unconfirmed(found, known=True),
        "mark-not-sought-everywhere": unsearched(found),
        "voice-clone-without-consent": _unlicensed(found),
        "check-inconclusive": _open(found, "inconclusive"),
        "check-failed": _open(found, "failed"),
    }
    told: list[str] = []
    for rule in decision["rules"]:
        name = rule.get("rule")
        if name in again:
            told.append(next(again[name], _stated(rule)))
        elif name in _OWNED:
            told.append(owned_text(found["ownership"], found.get("fingerprint") or ()))
        else:
            told.append(_(_SIMPLE[name], **_values(found)) if name in _SIMPLE else _stated(rule))
    return tuple(told)


def rule_text(rule: Found, found: Found) -> str:
    """The words of one of them."""
    texts = dict(zip(map(id, found["decision"]["rules"]), rule_texts(found), strict=True))
    return texts.get(id(rule)) or _stated(rule)


def _stated(rule: Found) -> str:
    return str(rule.get("text", rule.get("rule", "")))


def _values(found: Found) -> dict[str, object]:
    ai, seen = found["ai"], found["credentials"] or {}
    return {
        "record": found["ownership"].get("record_id"),
        "named": seen.get("record_id"),
        "undeclared": number_text(f"{found['ownership'].get('undeclared_s') or 0:.3g}"),
        "source": seen.get("digital_source_type"),
        "score": "" if ai["score"] is None else score_text(ai["score"]),
        "p_value": p_value_text(ai["p_value"]),
    }


def source_text(rule: Found) -> str:
    """Where a rule comes from; empty where that is not stated."""
    source = str(rule.get("source") or "")
    return _(source) if source in _SOURCES else source


def compared(name: str, value: float) -> str:
    """A limit as a policy compares with it: of `clone_score at_least` and 0.8, `from 0.8`."""
    number = limit_text(value)
    ends = {"at_least": _("from %(limit)s", limit=number), "at_most": _("up to %(limit)s", limit=number)}
    return ends.get(name.rpartition(" ")[2], f" {number}")


def _open(found: Found, ended: str) -> Iterator[str]:
    """Each check that came to this end, in the order in which the decision names them."""
    for check in found.get("checks") or {}:
        became, why = outcome(found, check)
        if became == ended and check in _OPEN:
            yield _(_OPEN[check], why=reason_text(why).rstrip("."))


def _unlicensed(found: Found) -> Iterator[str]:
    for artist in found["voice"].get("artists") or ():
        if not artist.get("suspected") or artist.get("consent") == "active":
            continue
        if artist.get("consent") == "unclear":
            yield _(
                "The vocals sound like a synthetic copy of %(name)s (clone score %(score)s), and whether a "
                "consent covers it is unclear: it was given under one of two names of what may be one voice.",
                name=artist["name"],
                score=score_text(artist["clone_score"]),
            )
        else:
            yield _(
                "The vocals sound like a synthetic copy of %(name)s (clone score %(score)s) and no consent "
                "covers it.",
                name=artist["name"],
                score=score_text(artist["clone_score"]),
            )
