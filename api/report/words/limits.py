"""What each check cannot tell, whatever it found."""

from api.language import later

LIMITS: dict[str, tuple[str, ...]] = {
    "alignment": (
        later(
            "The fingerprint knows recordings, not songs: a new performance, a cover or a borrowed "
            "melody is another one."
        ),
        later(
            "Two tracks made of the same loops, samples or stems hold the same sound, and match where "
            "they do, whoever made them first."
        ),
        later("Speed and tempo are searched from 0.79 to 1.27 times, pitch alone up to two semitones."),
        later(
            "Under other sound, in a few seconds, or in music with few peaks a recording may not be found: "
            "no match does not mean that it is not there."
        ),
        later(
            "Times are right to about a second, the speed to about two per cent in held and vibrato notes."
        ),
    ),
    "ownership": (
        later(
            "A record proves who claimed the recording and when the claim was logged, not that the claim is "
            "true."
        ),
        later("What was entered in the log after the date of this report is not in it."),
        later("A recording that is registered elsewhere, or nowhere, cannot be recognised."),
    ),
    "watermark": (
        later("Only marks made with this registry's key can be read; marks of others stay unseen."),
        later(
            "A mark can be lost: to strong changes of tempo or pitch, heavy noise, or a neural codec. "
            "So no mark "
            "found does not mean never marked."
        ),
        later(
            "A mark can be copied onto other audio. Alone it proves nothing; the sound must be that of the "
            "record."
        ),
    ),
    "credentials": (
        later("Credentials are lost whenever a file is converted; their absence says nothing."),
        later(
            "A valid signature proves who signed the file and that it is unchanged, not that its statements "
            "are true."
        ),
        later(
            "Tags are plain text that anybody can write, change or take out: neither what they say nor "
            "what they "
            "leave out proves anything."
        ),
    ),
    "music": (
        later(
            "The finding is about the last step of sound, a neural decoder. It does not tell who composed or "
            "performed, nor whether any use was allowed."
        ),
        later(
            "Recordings of people that went through a neural codec, a voice converter or a source "
            "separator can "
            "carry the same traces."
        ),
        later("Changes of pitch or tempo hide most traces, and some generators leave none."),
        later(
            "The score is a probability for a case in which both answers were equally likely beforehand; it "
            "is no "
            "probability that anybody did something."
        ),
    ),
    "voice": (
        later("Only enrolled artists are compared; a copy of anybody else is not found."),
        later("Most copies stay below the policy's limit, above all under loud music."),
        later(
            "Likeness alone never makes a copy: relatives, imitators and the artist's own recordings are "
            "alike, too."
        ),
        later("A real voice through a vocoder effect or a neural enhancer sounds made by a machine."),
    ),
    "originality": (
        later(
            "Likeness is no sign of copying, and its absence no sign of originality: styles, scales and "
            "beats belong to everybody, and words are not compared."
        ),
        later(
            "Only this registry's own tracks are compared, of which a sketch is kept: what lies elsewhere "
            "stays unseen."
        ),
        later("A tune in another arrangement is often missed, the more often the more tracks there are."),
        later(
            "Percentages are of pairs of unrelated recordings of people that were at hand; among other music "
            "they may be others."
        ),
    ),
}
"""By check; `ownership` for what they say together."""
