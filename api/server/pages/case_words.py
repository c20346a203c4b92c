"""Where a case stands, in words."""

from typing import TYPE_CHECKING

from markupsafe import Markup

from api.language import _, later
from api.report.words.told import Tone

if TYPE_CHECKING:
    from api.cases.case import Case, Kind
    from api.docket.step import Step

_STEPS = {
    "open": later("Opened"),
    "comment": later("Comment"),
    "appeal": later("Appealed"),
    "reopen": later("Re-opened"),
}


def state(case: "Case") -> str:
    """Where it stands, in a word or three."""
    if case.state == "open":
        return _("Waits for a decision")
    if case.state == "appealed":
        return _("Accepted, under appeal") if case.decision == "accept" else _("Rejected, under appeal")
    return _("Accepted") if case.decision == "accept" else _("Rejected")


def tone(case: "Case") -> Tone:
    """How that looks: what waits calls for a person, whatever was decided before."""
    if case.state != "decided":
        return "warn"
    return "good" if case.decision == "accept" else "bad"


def chip(case: "Case") -> Markup:
    """The same beside others."""
    return Markup('<span class="chip {}">{}</span>').format(tone(case), state(case))


def stands(case: "Case") -> str:
    """What that means."""
    if case.state == "open" and case.decision is None:
        return _("Nobody has decided yet.")
    accepted = case.decision == "accept"
    if case.state == "open":
        return (
            _("It was re-opened; people had decided to accept.")
            if accepted
            else _("It was re-opened; people had decided to reject.")
        )
    if case.state == "appealed":
        return (
            _("People decided to accept; that stands until the appeal is decided.")
            if accepted
            else _("People decided to reject; that stands until the appeal is decided.")
        )
    return _("People decided to accept.") if accepted else _("People decided to reject.")


def step(one: "Step[Kind]") -> str:
    """What happened."""
    if one.type == "assign":
        return (
            _("Assigned to %(whom)s", whom=one.said["to"]) if one.said.get("to") else _("Assigned to nobody")
        )
    if one.type == "decide":
        return _("Accepted") if one.said["decision"] == "accept" else _("Rejected")
    return _(_STEPS[one.type])
