"""Why something was not measured or not decided, as the detectors say it."""

from collections.abc import Mapping

from api.language import _, later

_KNOWN: Mapping[str, str] = {
    text: text
    for text in (
        later("nothing could be measured"),
        later("not checked"),
        later("The check was not asked for."),
        later("the vocals could not be measured"),
        later("the clip is silent"),
        later("the audio is silent"),
        later("the audio has no peaks to compare"),
        later("no singing or speech found"),
        later("the comb fits a separator, which processes human recordings"),
        later("a known comb stands out, but the score as a whole does not decide"),
        later("the evidence does not decide"),
    )
}
"""The detectors' own sentences; they carry no code of their own, and each is a message of the catalogues."""


_BECAME: Mapping[str, str] = {
    "inconclusive": later("inconclusive"),
    "failed": later("failed"),
    "skipped": later("skipped"),
    "the check failed": later("the check failed"),
}


def reason_text(reason: object) -> str:
    """A reason in the language spoken now; one that names a number of the case stands as it was said."""
    text = str(reason or "")
    if text in _KNOWN:
        return _(_KNOWN[text])
    became, colon, rest = text.partition(": ")
    if became in _BECAME:  # as `api.audit` joins what became of a check with why
        return _(_BECAME[became]) + colon + reason_text(rest)
    return text
