"""Audits: whose a file is, whether it bears traces of a machine, in whose voice: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from .music import MusicFound
from .originality import OriginalityFound
from .ownership import Ownership
from .shared import Problem, Scored, Stretch
from .voice import VoiceFound


class AuditAnswer(TypedDict):
    """An audit: queued, running, or finished with findings or a problem.

    Attributes:
        stage: what the running audit is doing
        attempts: how often it was started
        cancel_requested_at: when it was asked to stop at its next step
        file: the file's name as uploaded: escape it before display
        audio_deleted_at: when the uploaded audio was erased
        findings: as in `trackmark audit --json`
    """

    id: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    stage: str | None
    progress: float
    attempts: int
    priority: Literal["low", "normal", "high"]
    cancel_requested_at: str | None
    file: str
    sha256: str
    size_bytes: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    audio_deleted_at: str | None
    findings: Findings | None
    problem: Problem | None
    links: dict[str, str]


class Change(TypedDict):
    """A change of speed, and by what factor the pitch is higher.

    Attributes:
        speed: how much faster (1.05: five per cent)
        pitch: by what factor the frequencies are higher
    """

    speed: float
    pitch: float


class CredentialsFound(TypedDict):
    """What content credentials say (see `provenance.credentials.findings`); without arguments: none.

    Attributes:
        record_known: whether the registry knows the record that they name; None where they name none
        record_heard: whether mark or sound name that record, too; None where either side names none
        tags: what the file says of itself beside them, unsigned
    """

    present: NotRequired[bool]
    valid: NotRequired[bool]
    signature_valid: NotRequired[bool]
    content_bound: NotRequired[bool]
    trusted: NotRequired[bool]
    stamped_at: NotRequired[str | None]
    stamp_trusted: NotRequired[bool]
    signer: NotRequired[str | None]
    digital_source_type: NotRequired[str | None]
    record_id: NotRequired[str | None]
    record_known: NotRequired[bool | None]
    record_heard: NotRequired[bool | None]
    tags: NotRequired[TagsFound]


class Decision(TypedDict):
    """What the policy makes of the findings.

    Attributes:
        action: the most severe of all rules that applied
        rules: those rules
        policy: name and version of the policy
        policy_sha256: digest of the policy's text
    """

    action: Literal["accept", "review", "reject"]
    rules: list[Fired]
    policy: str
    policy_sha256: str


class Findings(TypedDict):
    """`Findings` of the document."""

    file: str
    sha256: str
    duration_s: float
    elapsed_s: float
    media: Media
    watermark: WatermarkFound
    credentials: CredentialsFound
    fingerprint: list[MatchFound]
    ai: MusicFound
    voice: VoiceFound
    originality: OriginalityFound | None
    ownership: Ownership
    decision: Decision
    checks: dict[str, Literal["done", "inconclusive", "failed", "skipped"]]
    report: str | None
    warnings: list[str]


class Fired(TypedDict):
    """A policy rule that applied.

    Attributes:
        rule: its id
        action: what it asks for
        text: why, in words
        source: what it rests on, where the policy names it
    """

    rule: str
    action: Literal["accept", "review", "reject"]
    text: str
    source: NotRequired[str | None]


class MatchFound(TypedDict):
    """A registered track that the audio holds (see `provenance.fingerprint.Match`).

    Attributes:
        record_id: of the track
        offset_s: where the audio's first sample lies in the registered track
        pitch_semitones: how much higher the audio sounds than the track
        stretches: where in the audio the track is heard
        mixed_with: records of other recordings that sound in the same stretches, as in a mash-up
    """

    record_id: str
    score: float
    offset_s: float
    speed: float
    pitch_semitones: float
    matched_s: float
    stretches: list[Stretch]
    p_value: float | None
    mixed_with: NotRequired[list[str]]


class Media(TypedDict):
    """The container as it was decoded.

    Attributes:
        size_bytes: length of the file
        container: its format, as the decoder names it
        codec: of the audio in it
        bit_rate: bits a second, where the file tells it
        sample_rate: in Hz
        channels: how many
        truncated: whether the audio breaks off before its end, or some of it may not have been heard
        more_audio: further audio tracks in the file, which were not heard
    """

    size_bytes: int
    container: str
    codec: str
    bit_rate: int | None
    sample_rate: int
    channels: int
    truncated: bool
    more_audio: NotRequired[int]


class MessageFound(TypedDict):
    """A message and where in the audio it is heard (see `provenance.watermark.Mark`).

    Attributes:
        by_name: whether it was asked for and heard, where it could not be read
    """

    message: str
    start_s: float
    end_s: float
    speed: float
    pitch_semitones: float
    p_value: float | None
    by_name: NotRequired[bool]


class Part(TypedDict):
    """From where to where in the audio.

    Attributes:
        start_s: in seconds
        end_s: in seconds
    """

    start_s: float
    end_s: float


class Searched(TypedDict):
    """How far a mark was looked for: everywhere or quickly, and at which changes because they were known.

    Attributes:
        search: whether all changes of speed, tempo and pitch were to be looked at
        known: changes that something else told of
        left_out: parts in which a full search ran out of its budget before it had looked at every change
        asked_for: messages that were asked for by name, since the fingerprint names their tracks
    """

    search: Literal["quick", "full"]
    known: list[Change]
    left_out: NotRequired[list[Part]]
    asked_for: NotRequired[list[str]]


class TagSaid(TypedDict):
    """One of a file's own tags: its common name, and its text as far as it can be shown.

    Attributes:
        name: of the tag
        text: what it says
    """

    name: str
    text: str


class TagsFound(TypedDict):
    """What a file's own tags say, which anybody can write (see `provenance.credentials.own_tags`).

    Attributes:
        says_ai: whether they say that AI was used; None where they do not speak of it
        record_id: the record that they name; a pointer, never a reason to take a file for that record's
        statements: the tags that were heard, those that say AI first
        left_out: how many more there were
        unreadable: why not all of them could be read, if so
    """

    says_ai: NotRequired[bool | None]
    record_id: NotRequired[str | None]
    statements: NotRequired[list[TagSaid]]
    left_out: NotRequired[int]
    unreadable: NotRequired[str | None]


class WatermarkFound(TypedDict):
    """What was read of a mark; without arguments what is told of a check that gave no answer.

    Attributes:
        p_value: chance of this finding in audio without a mark of ours
        message: 16 hex digits, the record that the mark names
        searched: how far a mark was looked for
        record_id: the same where the registry knows that record
        messages: every message that was read, with its stretches in order of time
    """

    present: NotRequired[bool]
    p_value: NotRequired[float | None]
    message: NotRequired[str | None]
    speed: NotRequired[float]
    pitch_semitones: NotRequired[float]
    segments: NotRequired[list[Scored]]
    duration_s: NotRequired[float | None]
    elapsed_s: NotRequired[float | None]
    searched: NotRequired[Searched | None]
    record_id: NotRequired[str | None]
    messages: NotRequired[list[MessageFound]]
