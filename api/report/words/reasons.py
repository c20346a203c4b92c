"""Why something was not measured or not decided, as the detectors say it."""

from collections.abc import Mapping

from api.language import _, later

_KNOWN: Mapping[str, str] = {
    text: text
    for text in (
        later("nothing could be measured"),
        later("not checked"),
        later("the vocals could not be measured"),
        later("the clip is silent"),
        later("no singing or speech found"),
        later("the comb fits a separator, which processes human recordings"),
        later("a known comb stands out, but the score as a whole does not decide"),
        later("the evidence does not decide"),
    )
}
"""The detectors' own sentences; they carry no code of their own, and each is a message of the catalogues."""


def reason_text(reason: object) -> str:
    """A reason in the language spoken now; one that names a number of the case stands as it was said."""
    text = str(reason or "")
    return _(_KNOWN[text]) if text in _KNOWN else text
