"""Where a notice stands, in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from api.language import _, later
from api.report.words.told import Tone

if TYPE_CHECKING:
    from api.notices.notice import Kind, State

STATES: Mapping["State", str] = {
    "incomplete": later("Incomplete"),
    "received": later("Waits for an answer"),
    "removed": later("Taken down"),
    "refused": later("Refused"),
    "countered": later("Countered"),
    "restored": later("Put back"),
    "kept_down": later("Stays down"),
    "withdrawn": later("Withdrawn"),
}
TONES: Mapping["State", Tone] = {
    "incomplete": "warn",
    "received": "warn",
    "removed": "neutral",
    "refused": "neutral",
    "countered": "warn",
    "restored": "neutral",
    "kept_down": "neutral",
    "withdrawn": "neutral",
}
STEPS: Mapping["Kind", str] = {
    "receive": later("Came in"),
    "complete": later("Elements added"),
    "comment": later("Comment"),
    "remove": later("Material taken down"),
    "refuse": later("Refused"),
    "counter": later("Counter-notice came in"),
    "restore": later("Material put back"),
    "keep_down": later("Material stays down"),
    "withdraw": later("Withdrawn"),
}
TOGETHER: tuple["Kind", ...] = ("remove", "refuse", "withdraw", "comment")
"""Steps that notices take together; what a counter-notice leads to is looked at one by one."""
FORMS: Mapping[str, str] = {"dmca": later("Copyright"), "no-fakes": later("Voice")}
_ELEMENTS: Mapping[str, str] = {
    "signature": later("Signature"),
    "person": later("Person"),
    "work": later("Work"),
    "material": later("Material"),
    "location": later("Location"),
    "contact": later("Contact"),
    "good_faith": later("Good faith"),
    "authority": later("Authority"),
    "reference": later("Reference"),
    "action": later("Court action"),
    "mistake": later("Mistake"),
    "jurisdiction": later("Jurisdiction"),
}
_DUE = (
    later("the material is not put back before this day"),
    later("the material is back by this day, unless the complainant has told of a court action"),
    later(
        "an uploader who wants the material back has filed an action by this day; counted here from its "
        "removal, of which the uploader is told"
    ),
)
"""What the deadlines of `api/law/law.toml` say, for the catalogues."""


def element(name: str) -> str:
    """An element of a form, in a word or two."""
    return _(_ELEMENTS[name])


def states() -> tuple[tuple[str, str], ...]:
    """Where a notice may stand, to choose from."""
    return tuple((name, _(told)) for name, told in STATES.items())


def forms() -> tuple[tuple[str, str], ...]:
    """The forms, to choose from."""
    return tuple((name, _(told)) for name, told in FORMS.items())
