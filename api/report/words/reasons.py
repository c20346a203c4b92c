"""Why something was not measured, not decided or not read, as the checks and the decoder say it."""

from api.language import _, later, spoken
from api.report.words.forms import said_again

UNTOLD = later("the signed file tells it, in the program's own words")
"""Of a reason without a form, such as an error's: no other language leaves it in English."""
INCONCLUSIVE = "inconclusive: "
FAILED = "the check failed: "
"""As `api.audit` joins what became of a check with why."""
_FORMS = (
    # checks of an audit
    later("nothing could be measured"),
    later("not checked"),
    later("The check was not asked for."),
    later("the check was not asked for"),
    later("the vocals could not be measured"),
    later("the audio is silent"),
    later("less than %(seconds)s s of audio is too short to judge"),
    later("%(seconds)s s of audio is too short to judge"),
    later("the audio has no peaks to compare"),
    # music
    later("silent"),
    later("shorter than %(seconds)s s"),
    later("no content above %(top)s kHz, at least 4 kHz are needed"),
    later("the comb fits a separator, which processes human recordings"),
    later("a known comb stands out, but the score as a whole does not decide"),
    later("the evidence does not decide"),
    later("the detector and its adapters do not decide together"),
    later("an oscillator or player clock explains the comb: %(reason)s"),
    later("a gate, tremolo or exact beat explains the comb: %(reason)s"),
    later("%(share)s %% of the sound stands on its lines"),
    later("%(share)s %% of the sound's movement follows it"),
    later("the filter bank of MPEG layer I or II explains the comb: nothing finer stands beside it"),
    # voice
    later("the clip is silent"),
    later("no singing or speech found"),
    later("only %(seconds)s s of voice, too short to judge (need %(least)s s)"),
    later(
        "%(artist)s was not compared: the voice print was made with %(made)s, not %(now)s: "
        "enrol the artist again"
    ),
    later("%(artist)s was not compared: %(reason)s"),
    later(
        "the voice print cannot be opened here: copy the key file of the tenant's voices into keys/ from the "
        "machine that enrols, or enrol the artist again"
    ),
    later("not a voice print, or damaged: enrol the artist again"),
    later("a voice print with an unreadable head: enrol the artist again"),
    later("a voice print of the wrong size: enrol the artist again"),
    later("a voice print whose rows are no unit vectors: enrol the artist again"),
    # likeness
    later("neither melody nor rhythm, timbre or structure could be measured"),
    later("no sketch of another registered track is kept"),
    later("what could be measured here could be measured in no other registered track"),
    later("%(seconds)s s are too short for a melody: %(least)s s are needed"),
    later("%(seconds)s s are too short for a rhythm: %(least)s s are needed"),
    later("%(seconds)s s are too short for a structure: %(least)s s are needed"),
    later("no pitch is held: noise, speech or percussion"),
    later("the pitches never change"),
    later("too few sounds begin in it for a rhythm"),
    later("what begins in it does not repeat in time"),
    later("less than two seconds are loud enough for a timbre"),
    later("all parts of it are alike"),
    # comparisons
    later("the original: %(reason)s"),
    later("the suspect: %(reason)s"),
    later("no fingerprint could be made"),
    # decoding
    later("not all of the file's audio could be decoded and audited"),
    later("not all of the file's audio could be decoded and audited: %(reason)s"),
    later("the file holds 1 more audio track, and only the first was audited: audit each as its own file"),
    later(
        "the file holds %(count)s more audio tracks, and only the first was audited: "
        "audit each as its own file"
    ),
    later("of %(count)s streams that follow each other, one cannot be read"),
    later("more than %(count)s streams follow each other"),
    later("damaged parts were left out"),
    later("the audio is shorter than the file says"),
    later("the header promises more bytes than there are"),
    later("the header promises more audio than there is"),
    later("the header says that there is no audio, and there is"),
    later("more bytes follow the audio than the header admits"),
    later("another file follows the audio"),
    later("the samples do not fit the checksum that the file states"),
    later("an edit list leaves out %(seconds)s s of audio, which some players play"),
    later("a page does not fit its checksum"),
    later("pages are missing between others"),
    later("the file ends in the middle of a page"),
)
"""In the order in which they are tried: the one that says more before the one that says less."""


def reason_text(reason: object) -> str:
    """A reason in the language spoken now; what became of its check stands beside it, and not here again."""
    text = str(reason or "").removeprefix(INCONCLUSIVE)
    if spoken() == "en" or not text:
        return text
    if text.startswith(FAILED):
        return _("the check failed; the signed file tells why, in the program's own words")
    known = said_again(text, _FORMS, reason_text)
    if known is None and "; " in text:
        known = "; ".join(dict.fromkeys(map(reason_text, text.split("; "))))
    return known or _(UNTOLD)
