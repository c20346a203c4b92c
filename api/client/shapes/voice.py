"""What an audit found: voice.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class ArtistHeard(TypedDict):
    """How the vocals compare with one enrolled artist.

    Attributes:
        consent: whether the artist consented to a copy of the voice, in the track's record or on file:
            `active`; `unclear`, active for one of this artist and those `alike` and not for all; `other-
            scope`, for another use or not everywhere; `revoked`; `expired`, not its term
        suspected: whether the policy calls the voice a copy: the one threshold for all who read it
        consent_says: which consent that is, in words; None where there is none
        alike: other artists compared whose voice prints could be the same person's
    """

    name: str
    similarity: float | None
    likelihood_ratio: float | None
    clone_score: float | None
    consent: NotRequired[Literal["active", "unclear", "other-scope", "revoked", "expired", "none"]]
    suspected: NotRequired[bool]
    consent_says: NotRequired[str | None]
    alike: NotRequired[list[str]]


class ErrorRate(TypedDict):
    """How often clones of an artist are called, and at most how often genuine recordings, in a condition.

    Attributes:
        condition: in words
        clones_called: share of clones, 0 to 1
        genuine_called_at_most: upper bound of the share of genuine recordings
        clones: how many clones were tried
        genuine: how many genuine recordings
    """

    condition: str
    clones_called: float | None
    genuine_called_at_most: float | None
    clones: int
    genuine: int


class VoiceFound(TypedDict):
    """Vocals, how synthetic they are and whose they resemble (see `detector.voice.finding.VoiceFinding`).

    Attributes:
        error_rates: of the comparison with artists, measured in conditions like the recording's
        left_out: why artists could not be compared, one sentence each
    """

    has_voice: NotRequired[bool | None]
    synthetic_score: NotRequired[float | None]
    artists: NotRequired[list[ArtistHeard]]
    segments: NotRequired[list[VoiceStretch]]
    reason: NotRequired[str | None]
    error_rates: NotRequired[list[ErrorRate]]
    left_out: NotRequired[list[str]]


class VoiceStretch(TypedDict):
    """A part with vocals, at most 2 s, how synthetic they sound, and the ratio behind it (log10)."""

    start_s: float
    end_s: float
    score: float | None
    likelihood_ratio: float | None
    above_backing_db: NotRequired[float | None]
