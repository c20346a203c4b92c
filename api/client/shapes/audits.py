"""Audits: whose a file is, whether a machine made it, in whose voice: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from .shared import Problem


class ArtistHeard(TypedDict):
    """How the vocals compare with one enrolled artist.

    Attributes:
        consent: whether the artist consented to a copy of the voice, in the track's record or on file:
            `active`; `other-scope`, for another use or not everywhere; `revoked`; `expired`, not its term
        suspected: whether the policy calls the voice a copy: the one threshold for all who read it
        consent_says: which consent that is, in words; None where there is none
    """

    name: str
    similarity: float | None
    likelihood_ratio: float | None
    clone_score: float | None
    consent: NotRequired[Literal["active", "other-scope", "revoked", "expired", "none"]]
    suspected: NotRequired[bool]
    consent_says: NotRequired[str | None]


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


class Claim(TypedDict):
    """A record that claims the audio, and how old the claim is.

    Attributes:
        record_id: of the record
        owners: names of those who claim it
        log_index: place of the registration in the log, which is proven
        logged_at: when the log wrote it down, by its own clock
        witnessed_at: by when somebody independent had seen it, in POSIX seconds
    """

    record_id: str
    owners: list[str]
    log_index: int
    logged_at: str | None
    witnessed_at: int | None


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


class Dimension(TypedDict):
    """One dimension of the audio, and the registered tracks that are nearest in it.

    Attributes:
        measurable: whether it could be measured in the audio
        reason: why not
        nearest: nearest first; none where it could be measured in no other track
    """

    measurable: NotRequired[bool]
    reason: NotRequired[str | None]
    nearest: NotRequired[list[NearTrack]]


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


class Exhibit(TypedDict):
    """One piece of evidence: a sentence, and the numbers behind it."""

    kind: str
    text: str
    data: dict[str, Any]


class Family(TypedDict):
    """A decoder architecture that could have left the traces, and its share among those looked at."""

    family: str
    share: float | None


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


class MarkBeside(TypedDict):
    """A mark that names another record than the statement, and whose audio is not recognised as that one's.

    Attributes:
        message: 16 hex digits, the record that it names
        record_known: whether the registry has that record
        where: in the audio, in words
    """

    message: str
    record_known: bool
    where: str


class MatchFound(TypedDict):
    """A registered track that the audio holds (see `provenance.fingerprint.Match`).

    Attributes:
        record_id: of the track
        offset_s: where the audio's first sample lies in the registered track
        pitch_semitones: how much higher the audio sounds than the track
        stretches: where in the audio the track is heard
    """

    record_id: str
    score: float
    offset_s: float
    speed: float
    pitch_semitones: float
    matched_s: float
    stretches: list[Stretch]
    p_value: float | None


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


class Miss(TypedDict):
    """How often known generators leave no trace that is found, in one condition.

    Attributes:
        condition: in words
        share: of their recordings, 0 to 1; None where it was not measured
    """

    condition: str
    share: float | None


class MusicFound(TypedDict):
    """Whether traces of a neural decoder are in the sound (see `detector.music.finding.MusicFinding`)."""

    score: NotRequired[float | None]
    likelihood_ratio: NotRequired[float | None]
    p_value: NotRequired[float | None]
    verdict: NotRequired[Literal["synthetic", "no_trace", "uncertain"]]
    generator: NotRequired[list[Family]]
    evidence: NotRequired[list[Exhibit]]
    segments: NotRequired[list[Scored]]
    reason: NotRequired[str | None]
    propositions: NotRequired[list[Proposition]]
    misses: NotRequired[list[Miss]]
    calibration: NotRequired[str]
    group: NotRequired[str]


class NearTrack(TypedDict):
    """A registered track that is near in one dimension; music of one style is, so that it proves nothing.

    Attributes:
        distance: in this dimension; distances of two dimensions are not comparable
        closer_than: share of pairs of unrelated human-made recordings that lie farther apart, 0 to 1
        by_chance: as many tracks so near are to be expected among as many unrelated human-made recordings
        start_s: where in the audio they are most alike, in seconds; None for structure, as of the whole
        end_s: where that ends
        other_start_s: where in the registered track they are
        other_end_s: where that ends
        semitones: by how much the registered track lies higher; of melody only
        tempo: how much faster it plays; of melody only
        record_id: of the track
        title: that its record gives it; None where the record does not verify
    """

    distance: float
    closer_than: float | None
    by_chance: float | None
    start_s: float | None
    end_s: float | None
    other_start_s: float | None
    other_end_s: float | None
    semitones: int | None
    tempo: float | None
    record_id: str
    title: str | None


class OriginalityFound(TypedDict):
    """How near the audio comes to registered tracks of the tenant; never called copying.

    Attributes:
        heard_s: how much of the audio was heard, in seconds; None where it was not
        compared_with: how many registered tracks it was compared with
        left_out: how many more are registered, of which no sketch is kept, or none that could be compared
        same: records of which a part is in the audio itself, as fingerprint or mark say; not compared with
        recordings: of how many human-made recordings the percentiles are
        melody: what is sung or played, in whatever key and tempo
        rhythm: when sounds begin
        timbre: how it sounds
        structure: which parts of it are alike
        reason: why there is no answer
    """

    heard_s: NotRequired[float | None]
    compared_with: NotRequired[int]
    left_out: NotRequired[int]
    same: NotRequired[list[str]]
    recordings: NotRequired[int | None]
    melody: NotRequired[Dimension]
    rhythm: NotRequired[Dimension]
    timbre: NotRequired[Dimension]
    structure: NotRequired[Dimension]
    reason: NotRequired[str | None]


class Ownership(TypedDict):
    """What watermark, record and fingerprint say together.

    Attributes:
        status: see `api.audit.ownership.judge` for the rule behind each value
        text: the same in one plain sentence
        record_id: the record that the status speaks of, or None
        record: title, owners, AI declaration and whether signature and log proof verify
        claims: where several parties claim the audio, their records in log order, the earliest first
        tracks: every registered track in the audio, as it is heard, each with its stretches
        marks: further marks in the audio that nothing confirms
        unregistered_s: seconds of the audio in no registered track that is heard; None where none is
        undeclared_s: seconds of the audio in no track whose record declares AI; None where no record does
    """

    status: Literal[
        "match",
        "disputed",
        "record_revoked",
        "transplant_suspected",
        "mark_removed_or_unmarked",
        "fingerprint_only",
        "mark_unconfirmed",
        "unknown_mark",
        "record_invalid",
        "credentials_only",
        "no_record",
        "not_checked",
    ]
    text: str
    record_id: NotRequired[str | None]
    record: NotRequired[dict[str, Any] | None]
    claims: NotRequired[list[Claim]]
    tracks: NotRequired[list[TrackHeard]]
    marks: NotRequired[list[MarkBeside]]
    unregistered_s: NotRequired[float | None]
    undeclared_s: NotRequired[float | None]


class Part(TypedDict):
    """From where to where in the audio.

    Attributes:
        start_s: in seconds
        end_s: in seconds
    """

    start_s: float
    end_s: float


class Proposition(TypedDict):
    """One statement about the recording, judged apart from the others."""

    name: str
    text: str
    answer: str
    likelihood_ratio: float | None


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


class TrackHeard(TypedDict):
    """A registered track in the audio.

    Attributes:
        record_id: of the track
        title: that its record gives it; None where that does not verify
        owners: names, as its record has them; none where that does not verify
        stretches: where in the audio it is heard
        where: the same in words
        offset_s: where the audio's first sample lies in the track
        speed: how much faster the audio plays
        of_others: whether it belongs to others than those whom the statement is about
        objection: what keeps its record from being relied on, where the statement does not speak of it
        declares_ai: whether its record verifies and declares AI
    """

    record_id: str
    title: str | None
    owners: list[str]
    stretches: list[Stretch]
    where: str
    offset_s: float
    speed: float
    of_others: NotRequired[bool]
    objection: NotRequired[Literal["disputed", "revoked", "invalid"] | None]
    declares_ai: NotRequired[bool]


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
