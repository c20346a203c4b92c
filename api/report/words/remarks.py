"""Remarks of the software on an audit: what was left open and what a person should look at."""

from api.language import later, named, spoken
from api.report.words.forms import said_again
from api.report.words.reasons import reason_text
from api.report.words.told import sentence

_CHECKS = {
    "watermark": later("Watermark"),
    "credentials": later("Content credentials"),
    "fingerprint": later("Fingerprint"),
    "music": later("AI music"),
    "voice": later("Voice"),
    "originality": later("Likeness to registered tracks"),
    "tags": later("The file's own tags"),
}
_FORMS = (
    later("the same audio is also registered as record %(record)s; see who was first"),
    later("policy rule %(rule)s was compared with its source on %(day)s: check it again"),
)


def remark_text(remark: str) -> str:
    """A remark in the language spoken now."""
    if spoken() == "en":
        return sentence(remark)
    check, colon, rest = remark.partition(": ")
    if colon and check in _CHECKS:
        return f"{named(_CHECKS, check)}: {sentence(reason_text(rest))}"
    return sentence(said_again(remark, _FORMS, reason_text) or reason_text(remark))
