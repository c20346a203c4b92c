"""What the voice detector reports."""

from dataclasses import dataclass

from detector.voice.rates import ErrorRate


@dataclass(frozen=True)
class ArtistScore:
    """How a clip's voice relates to one enrolled artist.

    `clone_score` and the three other shares are posterior probabilities of the four exclusive
    hypotheses about the vocals, under the recorded priors of `detector.voice.fusion.PRIORS`; they
    add up to 1.

    Attributes:
        name: the artist as enrolled.
        similarity: adaptively normalised similarity to the voice print, in standard deviations of
            other people's similarity (0: like anybody; about 3 and more: like the artist).
        llr: log10 likelihood ratio that the voice is the artist's or an imitation of it, against
            somebody else's, corrected for the number of artists that were compared.
        clone_score: posterior share of "synthetic, imitating the artist", in [0, 1].
        clone_llr: log10 likelihood ratio of that against the three others together.
        genuine: posterior share of "the artist, recorded".
        other_human: posterior share of "another person".
        other_synthetic: posterior share of "synthetic, nobody enrolled".
        outcome: the same in one sentence.
        alike: other artists told of whose voice prints are as like this one's as one person's are: the same
            person under two names, or a sound-alike.
    """

    name: str
    similarity: float
    llr: float
    clone_score: float
    clone_llr: float = 0.0
    genuine: float = 0.0
    other_human: float = 0.0
    other_synthetic: float = 0.0
    outcome: str = ""
    alike: tuple[str, ...] = ()


@dataclass(frozen=True)
class VoiceSegment:
    """A stretch of vocals of at most 2 s.

    Attributes:
        start_s: where it begins.
        end_s: where it ends.
        score: probability that it is synthetic; None where there is too little voice to judge.
        llr: log10 likelihood ratio synthetic against human, of the 5 s windows it lies in; None likewise.
        above_backing_db: estimated decibels of the voice above what plays under it (some 20 where it is
            alone), see `detector.voice.backing`; None where it was not estimated.
    """

    start_s: float
    end_s: float
    score: float | None
    llr: float | None
    above_backing_db: float | None = None


@dataclass(frozen=True)
class VoiceFinding:
    """The voice detector's answer for one clip.

    Attributes:
        has_voice: singing or speech was found; None where there is nothing to hear.
        synthetic_score: calibrated probability in [0, 1] that the vocals are synthetic, or None
            where it could not be measured.
        artists: one score per enrolled artist, best clone score first, of the 100 most alike where there are
            more; empty where not measurable.
        segments: stretches with vocals, each with its synthetic score.
        reason: why something was left open, or None.
        synthetic_llr: log10 likelihood ratio synthetic against human, or None.
        voice_s: seconds of vocals found.
        artists_compared: number of voice prints the clip was compared with (the multiplicity that
            each `llr` already accounts for).
        left_out: why artists could not be compared, one sentence each that names the artist.
        error_rates: of the clone decision in conditions like the recording's; empty if nobody was compared.
    """

    has_voice: bool | None
    synthetic_score: float | None
    artists: tuple[ArtistScore, ...]
    segments: tuple[VoiceSegment, ...]
    reason: str | None
    synthetic_llr: float | None = None
    voice_s: float = 0.0
    artists_compared: int = 0
    left_out: tuple[str, ...] = ()
    error_rates: tuple[ErrorRate, ...] = ()
