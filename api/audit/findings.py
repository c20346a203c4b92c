"""What the checks found of a track's provenance: one frozen value per check, or why a check gave no answer.

A field's name is its key in the JSON (`api.audit.json_form`); values are rounded as they are told.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, get_args

from api.audit.json_form import number, rounded, significant

if TYPE_CHECKING:
    from core.clip import Clip, Segment
    from provenance.credentials.findings import Credentials
    from provenance.credentials.own_tags import OwnTags
    from provenance.fingerprint import Match
    from provenance.fingerprint import Stretch as Heard
    from provenance.watermark import Detection, Mark

NOT_ASKED = "the check was not asked for"
Outcome = Literal["done", "inconclusive", "failed", "skipped"]
Search = Literal["quick", "full"]
SEARCHES: tuple[Search, ...] = get_args(Search)
Found = TypeVar("Found")


@dataclass(frozen=True)
class NotRun(Generic[Found]):
    """A check that gave no answer.

    Attributes:
        outcome: `inconclusive` it cannot answer for this audio; `failed` it broke; `skipped` nobody asked.
        reason: why.
        found: what was found all the same, which does not answer the question.
    """

    outcome: Literal["inconclusive", "failed", "skipped"]
    reason: str
    found: Found | None = None

    @property
    def why(self) -> str:
        """Why there is no answer, for the middle of a sentence; never a guess at the reason."""
        return NOT_ASKED if self.outcome == "skipped" else self.told

    @property
    def told(self) -> str:
        """The reason as warnings and findings tell it."""
        return f"inconclusive: {self.reason}" if self.outcome == "inconclusive" else self.reason


def revised(said: Found | NotRun[Found], change: Callable[[Found], Found]) -> Found | NotRun[Found]:
    """What a check said, with a change made to what it found, if it found anything."""
    if not isinstance(said, NotRun):
        return change(said)
    return said if said.found is None else replace(said, found=change(said.found))


@dataclass(frozen=True)
class Stretch:
    """A part of the audio in which a part of a registered track plays.

    Attributes:
        start_s: where it begins in the audio, in seconds; to about one.
        end_s: where it ends.
        track_start_s: where in the track its beginning lies.
        offset_s: where the audio's first sample would lie in the track, were it played so from there.
        speed: how much faster than the track.
        pitch_semitones: how much higher.
    """

    start_s: float
    end_s: float
    track_start_s: float
    offset_s: float
    speed: float
    pitch_semitones: float

    @classmethod
    def of(cls, stretch: "Heard") -> "Stretch":
        """A stretch of a match."""
        return cls(
            start_s=rounded(stretch.start_s, 3),
            end_s=rounded(stretch.end_s, 3),
            track_start_s=rounded(stretch.track_start_s, 3),
            offset_s=rounded(stretch.offset_s, 3),
            speed=rounded(stretch.speed),
            pitch_semitones=rounded(12.0 * math.log2(stretch.pitch), 3),
        )


@dataclass(frozen=True)
class Scored:
    """A part of the audio and its score: more of what was looked for the higher; None where not measured.

    Attributes:
        start_s: where it begins, in seconds.
        end_s: where it ends.
        score: 0 to 1.
    """

    start_s: float
    end_s: float
    score: float | None


def scored(segments: Iterable["Segment"]) -> tuple[Scored, ...]:
    """A detector's segments."""
    return tuple(Scored(rounded(s.start_s, 3), rounded(s.end_s, 3), number(s.score)) for s in segments)


@dataclass(frozen=True)
class Media:
    """The container as it was decoded.

    Attributes:
        size_bytes: length of the file.
        container: its format, as the decoder names it.
        codec: of the audio in it.
        bit_rate: bits a second, where the file tells it.
        sample_rate: in Hz.
        channels: how many.
        truncated: whether the audio breaks off before its end, or some of it may not have been heard.
        more_audio: further audio tracks in the file, which were not heard.
    """

    size_bytes: int
    container: str
    codec: str
    bit_rate: int | None
    sample_rate: int
    channels: int
    truncated: bool
    more_audio: int = 0

    @classmethod
    def of(cls, clip: "Clip") -> "Media":
        """Container facts of a clip."""
        return cls(
            size_bytes=clip.source.size_bytes,
            container=clip.source.container,
            codec=clip.source.codec,
            bit_rate=clip.source.bit_rate,
            sample_rate=clip.sample_rate,
            channels=int(clip.wav.shape[0]),
            truncated=clip.source.truncated,
            more_audio=clip.source.more_audio,
        )


@dataclass(frozen=True)
class Change:
    """A change of speed, and by what factor the pitch is higher.

    Attributes:
        speed: how much faster (1.05: five per cent).
        pitch: by what factor the frequencies are higher.
    """

    speed: float
    pitch: float


@dataclass(frozen=True)
class Part:
    """From where to where in the audio.

    Attributes:
        start_s: in seconds.
        end_s: in seconds.
    """

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Searched:
    """How far a mark was looked for: everywhere or quickly, and at which changes because they were known.

    Attributes:
        search: whether all changes of speed, tempo and pitch were to be looked at.
        known: changes that something else told of.
        left_out: parts in which a full search ran out of its budget before it had looked at every change.
        asked_for: messages that were asked for by name, since the fingerprint names their tracks.
    """

    search: Search
    known: tuple[Change, ...]
    left_out: tuple[Part, ...] = ()
    asked_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class MessageFound:
    """A message and where in the audio it is heard (see `provenance.watermark.Mark`).

    Attributes:
        by_name: whether it was asked for and heard, where it could not be read.
    """

    message: str
    start_s: float
    end_s: float
    speed: float
    pitch_semitones: float
    p_value: float | None
    by_name: bool = False

    @classmethod
    def of(cls, mark: "Mark") -> "MessageFound":
        """A mark of a detection."""
        return cls(
            message=mark.message.hex(),
            start_s=rounded(mark.start_s, 3),
            end_s=rounded(mark.end_s, 3),
            speed=rounded(mark.speed),
            pitch_semitones=rounded(mark.pitch_semitones, 3),
            p_value=significant(mark.p_value),
            by_name=mark.by_name,
        )


@dataclass(frozen=True)
class WatermarkFound:
    """What was read of a mark; without arguments what is told of a check that gave no answer.

    Attributes:
        p_value: chance of this finding in audio without a mark of ours.
        message: 16 hex digits, the record that the mark names.
        record_id: the same where the registry knows that record.
        searched: how far a mark was looked for.
        messages: every message that was read, with its stretches in order of time.
    """

    present: bool = False
    p_value: float | None = None
    message: str | None = None
    speed: float = 1.0
    pitch_semitones: float = 0.0
    segments: tuple[Scored, ...] = ()
    duration_s: float | None = None
    elapsed_s: float | None = None
    searched: Searched | None = None
    record_id: str | None = None
    messages: tuple[MessageFound, ...] = ()

    @property
    def everywhere(self) -> bool:
        """Whether every change of speed, tempo and pitch that a full search knows was looked at."""
        return self.searched is not None and self.searched.search == "full" and not self.searched.left_out

    @classmethod
    def of(cls, found: "Detection") -> "WatermarkFound":
        """A detection."""
        known = tuple(Change(rounded(speed), rounded(pitch)) for speed, pitch in found.known)
        left_out = tuple(Part(rounded(start, 3), rounded(end, 3)) for start, end in found.unsearched)
        asked_for = tuple(message.hex() for message in found.asked_for)
        return cls(
            present=bool(found.present),
            p_value=significant(found.p_value),
            message=None if found.message is None else found.message.hex(),
            speed=rounded(found.speed),
            pitch_semitones=rounded(found.pitch_semitones, 3),
            segments=scored(found.segments),
            duration_s=rounded(found.duration_s, 3),
            elapsed_s=rounded(found.elapsed_s, 3),
            searched=Searched("full" if found.exhaustive else "quick", known, left_out, asked_for),
            messages=tuple(MessageFound.of(mark) for mark in found.marks),
        )


@dataclass(frozen=True)
class TagSaid:
    """One of a file's own tags: its common name, and its text as far as it can be shown.

    Attributes:
        name: of the tag.
        text: what it says.
    """

    name: str
    text: str


@dataclass(frozen=True)
class TagsFound:
    """What a file's own tags say, which anybody can write (see `provenance.credentials.own_tags`).

    Attributes:
        says_ai: whether they say that AI was used; None where they do not speak of it.
        record_id: the record that they name; a pointer, never a reason to take a file for that record's.
        statements: the tags that were heard, those that say AI first.
        left_out: how many more there were.
        unreadable: why not all of them could be read, if so.
    """

    says_ai: bool | None = None
    record_id: str | None = None
    statements: tuple[TagSaid, ...] = ()
    left_out: int = 0
    unreadable: str | None = None

    @classmethod
    def of(cls, tags: "OwnTags") -> "TagsFound":
        """Tags as they were read."""
        statements = tuple(TagSaid(one.name, one.text) for one in tags.statements)
        return cls(tags.says_ai, tags.record_id, statements, tags.left_out, tags.unreadable)


@dataclass(frozen=True)
class CredentialsFound:
    """What content credentials say (see `provenance.credentials.findings`); without arguments: none.

    Attributes:
        record_known: whether the registry knows the record that they name; None where they name none.
        record_heard: whether mark or sound name that record, too; None where either side names none.
        tags: what the file says of itself beside them, unsigned.
    """

    present: bool = False
    valid: bool = False
    signature_valid: bool = False
    content_bound: bool = False
    trusted: bool = False
    stamped_at: str | None = None
    stamp_trusted: bool = False
    signer: str | None = None
    digital_source_type: str | None = None
    record_id: str | None = None
    record_known: bool | None = None
    record_heard: bool | None = None
    tags: TagsFound = TagsFound()

    @classmethod
    def of(cls, found: "Credentials", tags: "OwnTags") -> "CredentialsFound":
        """Credentials as they were read, and what every reader of the file's tags heard."""
        return cls(
            present=found.present,
            valid=found.valid,
            signature_valid=found.signature_valid,
            content_bound=found.content_bound,
            trusted=found.trusted,
            stamped_at=found.stamped_at,
            stamp_trusted=found.stamp_trusted,
            signer=found.signer,
            digital_source_type=found.digital_source_type,
            record_id=found.record_id,
            tags=TagsFound.of(tags),
        )


@dataclass(frozen=True)
class MatchFound:
    """A registered track that the audio holds (see `provenance.fingerprint.Match`).

    Attributes:
        record_id: of the track.
        offset_s: where the audio's first sample lies in the registered track.
        pitch_semitones: how much higher the audio sounds than the track.
        stretches: where in the audio the track is heard.
        mixed_with: records of other recordings that sound in the same stretches, as in a mash-up.
    """

    record_id: str
    score: float
    offset_s: float
    speed: float
    pitch_semitones: float
    matched_s: float
    stretches: tuple[Stretch, ...]
    p_value: float | None
    mixed_with: tuple[str, ...] = ()

    @classmethod
    def of(cls, match: "Match") -> "MatchFound":
        """A match of the index."""
        return cls(
            record_id=match.record_id,
            score=rounded(match.score),
            offset_s=rounded(match.offset_s, 3),
            speed=rounded(match.speed),
            pitch_semitones=rounded(12.0 * math.log2(match.pitch), 3),
            matched_s=rounded(match.matched_s, 3),
            stretches=tuple(Stretch.of(stretch) for stretch in match.stretches),
            p_value=significant(match.p_value),
            mixed_with=match.mixed_with,
        )
