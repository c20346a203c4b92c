"""What every rendering of a document says of itself: headings, heads of tables, page numbers."""

from collections.abc import Mapping

from api.language import _, speaking
from api.language.catalogue import Language


def frame(language: Language) -> Mapping[str, str]:
    """The words of the frame, by name."""
    with speaking(language):
        return _words()


def _words() -> Mapping[str, str]:
    return {
        "question": _("Question"),
        "answer": _("Answer"),
        "says": _("What that says"),
        "about": _("About this document"),
        "verify": _("Anybody can verify at"),
        "code": _("QR code of the address"),
        "table": _("Table:"),
        "page": _("page"),
        "of": _("of"),
    }
