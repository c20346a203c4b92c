"""Page one: what was asked and found, what that does not mean, what was decided, what would change it."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.audit.asked import ALL
from api.language import _, later, ngettext
from api.report import words
from api.report.document.blocks import Answer, Points, Section, Text
from api.report.document.proving import SIGNED
from api.report.document.sure import sure
from api.report.legible import legible
from api.report.numbers import percent_text
from api.report.words.heard import not_measured
from api.report.words.owned import rest_text
from api.report.words.parts import meaning, several, several_text
from api.report.words.provenance import owners
from api.report.words.rules import rule_texts, source_text
from api.report.words.short import CHECKS, FELL_OUT, MADE, OWNED
from api.report.words.told import ACTIONS, Told, sentence

Found = Mapping[str, Any]

LONGEST_NAME = 48
LONGEST_TEXT = 320
"""Page one has to hold all that it promises: names and lists stand whole in the section of their question."""
FOUND = later("What was found")
EXAMINED = later("One audio file was examined by software, to answer the questions of the table below.")
EXPLAINED = later(
    "A watermark is a hidden mark in the sound; content credentials are signed statements inside the file; "
    "an enrolled artist is one whose voice this registry keeps for comparison."
)
OPENED = later("For what was not answered: a file that can be judged, or the check made anew.")
_OTHERWISE = later("findings to which it no longer applies, or another policy.")
OPEN = ("check-inconclusive", "check-failed", "check-partly", "check-unread", "check-uncompared")


def answers(report: Found) -> tuple[Answer, ...]:
    """The questions with their answers, each with what it means and how sure it is."""
    found = report["findings"]
    return tuple(
        Answer(
            told.question,
            told.answer,
            _meant(told, found, first=number == 0),
            told.tone,
            _("How sure: %(told)s", told=how) if how else "",
        )
        for number, (told, how) in enumerate(zip(words.questions(found), sure(report), strict=True))
    )


def _meant(told: Told, found: Found, *, first: bool) -> str:
    """The first question is whose it is: its text says what was found, and a verdict what it means."""
    text = legible(sentence(told.text), LONGEST_TEXT)
    return f"{text} {meaning(found['ownership'])}".strip() if first else text


def _in_short(found: Found) -> Iterator[str]:
    """Two or three sentences for who reads no more."""
    owned = found["ownership"]
    record = owned.get("record") or {}
    named = (
        _(
            "“%(title)s”, claimed by %(owners)s",
            title=legible(record["title"], LONGEST_NAME),
            owners=legible(owners(record), LONGEST_NAME),
        )
        if record.get("verified")
        else _("the record")
    )
    if several(owned):
        yield legible(several_text(owned), LONGEST_TEXT)
    else:
        yield " ".join(filter(None, (_(OWNED[owned["status"]], named=named), rest_text(owned))))
    if found["ai"]["score"] is None:
        yield _("Whether its sound bears traces of a machine could not be measured.")
    else:
        yield _(MADE[found["ai"]["verdict"]])
    yield _voices(found["voice"])


def _voices(voice: Found) -> str:
    artists = [a for a in voice.get("artists") or () if a.get("suspected")]
    copies = legible(", ".join(str(a["name"]) for a in artists), LONGEST_NAME)
    if not_measured(voice):
        return _("The voice could not be judged.")
    if not voice["has_voice"]:
        return _("No singing or speech was found in it.")
    if artists and all(a.get("consent") == "active" for a in artists):
        return _(
            "The voice sounds like a synthetic copy of %(artists)s, and a consent is on file.", artists=copies
        )
    if artists:
        return _("The voice sounds like a synthetic copy of %(artists)s.", artists=copies)
    if not voice.get("artists"):
        return _("The voice in it was compared with no enrolled artist.")
    return _("That the voice is a copy of an enrolled artist's was not established.")


def summary(report: Found, signed: str) -> tuple[Section, ...]:
    """The headings of page one; `signed` says who signed, and how that is checked."""
    found = report["findings"]
    return (
        Section(_("In short"), (Text(" ".join(_in_short(found))),)),
        Section(_(SIGNED), (Text(signed),)),
        Section(_("What was asked"), (Text(_asked(report)),)),
        Section(_(FOUND), ()),
        Section(_("What this does not mean"), (Points(tuple(_not_meant(found))),)),
        Section(_("Why the decision"), _decided(found)),
        Section(_("What would change the decision"), (Points(tuple(_changes(found))),)),
    )


def verdict(found: Found) -> Answer:
    """The decision as the band on page one."""
    word, tone, text = ACTIONS[found["decision"]["action"]]
    return Answer(
        _("Decision of the policy, the list of rules that the issuer applies"), _(word), _(text), tone
    )


def _asked(report: Found) -> str:
    found = report["findings"]
    checks = found.get("checks") or dict.fromkeys(ALL, "done")
    skipped = [_(CHECKS[name]) for name in ALL if checks.get(name, "skipped") == "skipped"]
    text = f"{_(EXAMINED)} {_(EXPLAINED)}"
    if skipped:
        text = " ".join((text, _("Not asked: %(questions)s.", questions="; ".join(skipped))))
    return text


def _not_meant(found: Found) -> Iterator[str]:
    checks = found.get("checks") or {}
    unanswered = [_(text) for name, text in CHECKS.items() if checks.get(name) in ("inconclusive", "failed")]
    if unanswered:
        yield _(
            "Not answered: %(questions)s. Nothing follows from that, in either direction.",
            questions="; ".join(unanswered),
        )
    media = found.get("media") or {}
    if media.get("truncated") or media.get("more_audio"):
        yield _("Only a part of the file's audio was examined; about the rest nothing is said.")
    verdict_ = found["ai"]["verdict"] if found["ai"]["score"] is not None else None
    if verdict_ == "synthetic":
        yield _(
            "Traces of a machine do not show who composed or performed, and not that anything was forbidden. "
            "A human recording that went through a neural codec, a voice converter or a separator can bear "
            "them."
        )
    elif verdict_ in ("no_trace", "bona_fide"):
        yield _(
            "No trace found does not mean that people made the recording%(missed)s.",
            missed=_missed(found["ai"]),
        )
    elif verdict_ == "uncertain":
        yield _("That traces cannot be decided on speaks neither for a machine nor against one.")
    if found["voice"].get("has_voice"):
        yield (
            _("A likeness to an artist is an estimate from the sound, no proof that the voice was copied.")
            if any(a.get("suspected") for a in found["voice"].get("artists") or ())
            else _(
                "That no copy is established does not mean the voice is real: most copies stay below the "
                "limit, and only enrolled artists are compared."
            )
        )
    if checks.get("originality") == "done":
        yield _(
            "That a registered track is near does not mean that one was made from the other; that none is "
            "near does not mean that nothing was taken."
        )
    if found["ownership"].get("record"):
        yield _("A record proves who claimed the recording, and when; not that the claim is true.")
    elif found["ownership"]["status"] == "no_record":
        yield _(
            "That no record was found does not mean free to use: most recordings are in no registry, and a "
            "changed copy may not be recognised."
        )


def _missed(music: Found) -> str:
    """How much of known generators' music shows no trace, in the best and the worst condition told."""
    told_of = [miss for miss in music.get("misses") or () if miss.get("share") is not None]
    shares, counts = [miss["share"] for miss in told_of], [miss.get("count") for miss in told_of]
    if not shares:
        return ""
    low, high = percent_text(min(shares)), percent_text(max(shares))
    told = low if low == high else _("%(low)s to %(high)s, depending on its treatment", low=low, high=high)
    if all(counts):
        few, many = str(min(counts)), str(max(counts))
        told += (
            _(" (of %(count)s recordings)", count=few)
            if few == many
            else _(" (of %(few)s to %(many)s recordings each)", few=few, many=many)
        )
    return _(": music of known generators shows no trace either in %(share)s", share=told)


def _decided(found: Found) -> tuple[Text | Points, ...]:
    decision = found["decision"]
    rules = decision["rules"]
    policy = decision["policy"] or _("in force")
    if not rules:
        text = _("No rule of the policy %(policy)s objects. That is all that “accept” means.", policy=policy)
        return (Text(text),)
    told = tuple(
        _(
            "%(reason)s (rule %(rule)s%(source)s)",
            reason=_reason(rule, said, found).rstrip("."),
            rule=rule["rule"],
            source=_source(rule),
        )
        for rule, said in zip(rules, rule_texts(found), strict=True)
    )
    lead = ngettext(
        "This rule of the policy %(policy)s applied:",
        "These rules of the policy %(policy)s applied:",
        len(rules),
        policy=policy,
    )
    return (Text(lead), Points(told))


def _reason(rule: Found, text: str, found: Found) -> str:
    """A rule's words; what stands in the table above already is not told twice."""
    if rule["text"] == found["ownership"]["text"]:
        return _("As the answer to the first question says, above")
    return text


def _source(rule: Found) -> str:
    source = source_text(rule)
    return _("; source: %(source)s", source=source) if source else ""


def _changes(found: Found) -> Iterator[str]:
    rules = list(dict.fromkeys(rule["rule"] for rule in found["decision"]["rules"]))
    if not rules:
        yield _(
            "A finding to which a rule of the policy applies, such as a dispute entered in the log later."
        )
    for rule in rules:
        if rule in OPEN:
            yield _(OPENED)
        else:
            text = _(FELL_OUT.get(rule, _OTHERWISE))
            alone = text[:1].upper() + text[1:]
            yield alone if len(rules) == 1 else _("For the rule %(rule)s: %(text)s", rule=rule, text=text)
