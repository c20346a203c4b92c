"""What several groups of operations name.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Alignment(TypedDict):
    """Where the original is heard in the suspect.

    Attributes: outcome: `done`, or `inconclusive` where one of the files has nothing to compare. reason:
    why it is inconclusive. score: share of the suspect, in half seconds, that holds a consistent hit, 0 to
    1. stretches: in the order of the suspect; none where nothing was found.
    """

    outcome: Literal["done", "inconclusive"]
    reason: NotRequired[str | None]
    score: NotRequired[float]
    stretches: NotRequired[list[Shared]]


class Outline(TypedDict):
    """A waveform for a player: lowest and highest sample of equal stretches, in [-1, 1]."""

    duration_s: float
    low: list[float]
    high: list[float]


class Problem(TypedDict):
    """RFC 9457 problem details; `code` is stable, `detail` is for people.

    A request that asks for another language (`Accept-Language`, or the choice on our pages) is told the
    words in that language besides, in `said`.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: NotRequired[str | None]
    said: NotRequired[Said | None]


class Said(TypedDict):
    """The words of a problem in the language that the request asked for.

    Attributes:
        detail: absent where only English has the words
    """

    language: str
    title: str
    detail: NotRequired[str | None]


class Scored(TypedDict):
    """A part of the audio and its score: more of what was looked for the higher; None where not measured.

    Attributes:
        start_s: where it begins, in seconds
        end_s: where it ends
        score: 0 to 1
    """

    start_s: float
    end_s: float
    score: float | None


class Shared(TypedDict):
    """A stretch of the suspect in which a part of the original is heard.

    Attributes: start_s: where it begins in the suspect, in seconds; to about one, as are the others. end_s:
    where it ends there. original_start_s: where it begins in the original. original_end_s: where it ends
    there. speed: how much faster the suspect plays (1.05: five per cent). pitch_semitones: how much higher.
    p_value: chance of as many agreeing moments in unrelated music; None where it was not kept.
    """

    start_s: float
    end_s: float
    original_start_s: float
    original_end_s: float
    speed: float
    pitch_semitones: float
    p_value: NotRequired[float | None]


class Signature(TypedDict):
    """One signature of an envelope.

    Attributes:
        keyid: SHA-256 of the public key, 64 hex digits
        sig: Base64
    """

    keyid: str
    sig: str


class SignedEnvelope(TypedDict):
    """A DSSE envelope: a payload and who signed it.

    Attributes:
        payload: what is signed, in Base64
    """

    payloadType: str
    payload: str
    signatures: list[Signature]


class Stretch(TypedDict):
    """A part of the audio in which a part of a registered track plays.

    Attributes:
        start_s: where it begins in the audio, in seconds; to about one
        end_s: where it ends
        track_start_s: where in the track its beginning lies
        offset_s: where the audio's first sample would lie in the track, were it played so from there
        speed: how much faster than the track
        pitch_semitones: how much higher
    """

    start_s: float
    end_s: float
    track_start_s: float
    offset_s: float
    speed: float
    pitch_semitones: float


Role = Literal["label", "rights_ops", "auditor", "admin"]
"""A name for what a key or a member may do; which scopes that are, the server says."""
