"""The forms of notices and counter-notices: which elements each has, by the letter of its rule.

A notice that lacks an element is entered all the same, and says what it lacks; whether it is good enough
nevertheless is for a person to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from api.language import later
from core.errors import InvalidInput

FormName = Literal["no-fakes", "dmca"]
Kind = Literal["text", "statement"]


@dataclass(frozen=True)
class Element:
    """One thing that a notice must hold.

    Attributes:
        name: in the API.
        letter: of the rule.
        says: what it is; of a statement, what whoever signs affirms.
        kind: a text, or a statement that is made or not.
    """

    name: str
    letter: str
    says: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Form:
    """A kind of notice.

    Attributes:
        rule: its id in the law's data.
        title: for people.
        notice, counter: elements of the notice and of the answer to it.
    """

    rule: str
    title: str
    notice: tuple[Element, ...]
    counter: tuple[Element, ...]


FORMS: Mapping[FormName, Form] = {
    "no-fakes": Form(
        "us-no-fakes",
        later("Unauthorised voice or likeness (NO FAKES Act, a bill)"),
        (
            Element("signature", "A", later("signature of the right holder or of whoever acts for them")),
            Element("person", "B", later("whose voice or likeness it is")),
            Element("material", "C", later("what the material is")),
            Element("location", "C", later("how it is found: an address, or a title and where")),
            Element("contact", "D", later("how whoever complains is reached: address, telephone, e-mail")),
            Element(
                "good_faith",
                "E",
                later("they believe in good faith that the use is not authorised"),
                "statement",
            ),
            Element("authority", "F", later("they are the right holder or may act for them"), "statement"),
            Element("reference", "G", later("link or reference to what shows the right or the original")),
        ),
        (
            Element("signature", "", later("signature of the uploader")),
            Element("contact", "", later("how the uploader is reached")),
            Element("action", "", later("court and number of the action that was filed")),
        ),
    ),
    "dmca": Form(
        "us-dmca-512",
        later("Copyright (17 U.S.C. 512(c)(3))"),
        (
            Element("signature", "i", later("signature of whoever may act for the owner")),
            Element("work", "ii", later("the work, or a list of works, whose copyright is concerned")),
            Element("material", "iii", later("the material that is to be removed")),
            Element("location", "iii", later("where it is found")),
            Element("contact", "iv", later("how whoever complains is reached: address, telephone, e-mail")),
            Element(
                "good_faith",
                "v",
                later("they believe in good faith that the use is not authorised"),
                "statement",
            ),
            Element(
                "authority",
                "vi",
                later("the notice is accurate and, under penalty of perjury, they may act"),
                "statement",
            ),
        ),
        (
            Element("signature", "A", later("signature of the uploader")),
            Element("location", "B", later("the material that was removed, and where it was")),
            Element(
                "mistake",
                "C",
                later("under penalty of perjury, it was removed by mistake or mistaken identity"),
                "statement",
            ),
            Element("contact", "D", later("name, address and telephone of the uploader")),
            Element(
                "jurisdiction",
                "D",
                later("they accept the court's jurisdiction and service of process"),
                "statement",
            ),
        ),
    ),
}


def checked(elements: tuple[Element, ...], said: Mapping[str, Any]) -> dict[str, Any]:
    """What was said of the elements of a form, without what is empty.

    Raises:
        InvalidInput: the form has no such element, or it is of the other kind.
    """
    known = {one.name: one for one in elements}
    if unknown := sorted(said.keys() - known.keys()):
        raise InvalidInput(f"this form has no {', '.join(unknown)}; it has {', '.join(known)}")
    kept: dict[str, Any] = {}
    for name, value in said.items():
        if value is None:
            continue
        if not isinstance(value, bool if known[name].kind == "statement" else str):
            wanted = "true or false" if known[name].kind == "statement" else "a text"
            raise InvalidInput(f"{name} is {wanted}")
        if value is not False and value != "":
            kept[name] = value
    return kept


def missing(elements: tuple[Element, ...], said: Mapping[str, Any]) -> tuple[str, ...]:
    """The elements that were not given."""
    return tuple(one.name for one in elements if one.name not in said)
