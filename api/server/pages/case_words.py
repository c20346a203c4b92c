"""Where a case stands, in words."""

from typing import TYPE_CHECKING

from markupsafe import Markup

from api.report.words.told import Tone

if TYPE_CHECKING:
    from api.cases.case import Case, Step

_OPEN = "Waits for a decision"
_STEPS = {
    "open": "Opened",
    "comment": "Comment",
    "appeal": "Appealed",
    "reopen": "Re-opened",
}


def state(case: "Case") -> str:
    """Where it stands, in a word or three."""
    if case.state == "open":
        return _OPEN
    word = "Accepted" if case.decision == "accept" else "Rejected"
    return f"{word}, under appeal" if case.state == "appealed" else word


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
        return "Nobody has decided yet."
    if case.state == "open":
        return f"It was re-opened; people had decided to {case.decision}."
    if case.state == "appealed":
        return f"People decided to {case.decision}; that stands until the appeal is decided."
    return f"People decided to {case.decision}."


def step(one: "Step") -> str:
    """What happened."""
    if one.type == "assign":
        return f"Assigned to {one.said['to']}" if one.said.get("to") else "Assigned to nobody"
    if one.type == "decide":
        return "Accepted" if one.said["decision"] == "accept" else "Rejected"
    return _STEPS[one.type]
