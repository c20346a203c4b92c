"""The single checks of an audit: each asks one part of the engines and returns its finding.

A check raises `Inconclusive` when it cannot answer for this audio; anything else that it raises
is a failure of the check.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from api.audit.engines import Engines
from api.audit.findings import CredentialsFound, MatchFound, NotRun, Stretch, WatermarkFound
from api.audit.heard import UNMEASURED, MusicFound, VoiceFound
from api.audit.json_form import rounded
from api.audit.near import NearTrack, OriginalityFound, uncompared
from api.errors import UnknownEntry
from api.registry.summary import known
from core import scratch
from core.clip import Clip
from core.errors import WatermarkError
from provenance.credentials import own_tags
from provenance.watermark.known import Known

if TYPE_CHECKING:
    from pathlib import Path

    from api.registry.registry import Registry
    from detector.originality import Neighbour

SILENCE_DBFS = -70.0
SHORTEST_S = 0.25
SHORTEST_MARKED_S = 1.0
"""In less a mark is hardly ever read, and that none was read there says nothing."""
SHORTEST_TOLD_S = 0.001
"""So few samples are not told as no time at all."""
# Below this the fingerprint's own search tolerates the change; above it the audio is put back first.
SPEED_TOLERANCE = 0.005
MOST_CHANGES = 3
MOST_ASKED = 16
"""Tracks, best match first, whose marks are asked for by name."""
NO_OTHER = "no sketch of another registered track is kept"
NOTHING_HEARD = "neither melody nor rhythm, timbre or structure could be measured"
NOTHING_SHARED = "what could be measured here could be measured in no other registered track"
PITCH_TOLERANCE = 0.02
"""The fingerprint tells pitch in steps of about this much."""

Played = TypeVar("Played", MatchFound, Stretch)


class Inconclusive(Exception):
    """A check cannot answer for this audio; the message is the reason.

    Attributes:
        found: what it did find, which does not answer the question.
    """

    def __init__(self, reason: str, found: Any = None) -> None:
        super().__init__(reason)
        self.found = found


def swing(wav: Tensor) -> float:
    """Half of what lies between the lowest and the highest sample of a channel; `wav` is [C, T].

    A constant offset is no sound, however far from zero.
    """
    extremes = [torch.aminmax(part, dim=-1) for part in scratch.stretches(wav)]
    lowest = torch.stack([low for low, _ in extremes]).amin(0)
    highest = torch.stack([high for _, high in extremes]).amax(0)
    return float((highest - lowest).max()) / 2


def unusable(duration_s: float, amplitude: float) -> str | None:
    """Why no check of the sound can answer, or None: silence, or less than a blink of audio.

    Args:
        duration_s: length of the audio.
        amplitude: of its samples, as `swing` says.
    """
    if duration_s < SHORTEST_S:
        return too_short(duration_s)
    return "the audio is silent" if amplitude < 10 ** (SILENCE_DBFS / 20) else None


def too_short(duration_s: float) -> str:
    """That in so little audio nothing can be found, so that finding nothing is no answer."""
    seconds = f"{duration_s:.3f}" if duration_s >= SHORTEST_TOLD_S else f"less than {SHORTEST_TOLD_S}"
    return f"{seconds} s of audio is too short to judge"


def watermark(
    engines: Engines,
    clip: Clip,
    registry: "Registry",
    matches: Sequence[MatchFound],
    *,
    exhaustive: bool,
) -> WatermarkFound:
    """Look for a mark made with the registry's key.

    First at the changes that the fingerprint tells, where the marks of the tracks it names are asked for.
    """
    key, known = registry.keys.watermark(), where_named(matches)
    try:
        found = engines.marker.detect(clip.wav, clip.sample_rate, key, exhaustive=exhaustive, known=known)
    except WatermarkError as error:
        raise Inconclusive(str(error)) from error
    if not found.present and clip.duration_s < SHORTEST_MARKED_S:
        raise Inconclusive(too_short(clip.duration_s))
    return WatermarkFound.of(found)


def credentials(engines: Engines, path: "Path", clip: Clip, registry: "Registry") -> CredentialsFound:
    """Read the C2PA manifest and judge it against the registry's own root and the authorities it believes.

    Beside it stands what the file's own tags say, by whichever reader: ours, or the demuxer of `clip`.
    """
    published = registry.keys.published
    read = engines.credentials.read(path, published.credential_anchors(), published.tsa_anchors())
    return CredentialsFound.of(read, read.tags.joined(own_tags.said(clip.source.tags)))


def where_named(matches: Sequence[MatchFound]) -> list[Known]:
    """Where in the audio the mark of each track may lie, and through which change it may have gone."""
    told = []
    for number, match in enumerate(matches):
        message = bytes.fromhex(match.record_id) if number < MOST_ASKED else None
        for part in match.stretches:
            speed, pitch = part.speed, 2.0 ** (part.pitch_semitones / 12.0)
            changed = max(abs(speed - 1.0), abs(pitch - 1.0)) > SPEED_TOLERANCE
            if not changed:
                speed = pitch = 1.0
            if changed or message is not None:
                told.append(Known(speed, pitch, part.start_s, part.end_s, message))
    return told


def changes(matches: Sequence[MatchFound]) -> list[tuple[float, float]]:
    """The few changes of speed and pitch, best match first, that a mark may have gone through too."""
    told = [(m.speed, 2.0 ** (m.pitch_semitones / 12.0)) for m in matches]
    changed = [(s, p) for s, p in told if max(abs(s - 1.0), abs(p - 1.0)) > SPEED_TOLERANCE]
    return list(dict.fromkeys(changed))[:MOST_CHANGES]


def fingerprint(engines: Engines, clip: Clip, registry: "Registry") -> tuple[MatchFound, ...]:
    """Look the audio up among the registered tracks."""
    from provenance.fingerprint.chance import MIN_MATCHED_S  # slow to import; who prints has done it

    index = registry.fingerprints.index()
    query = engines.printer.extract(clip.wav, clip.sample_rate)
    if len(query.hashes) == 0:
        raise Inconclusive("the audio has no peaks to compare")
    found = tuple(MatchFound.of(match) for match in index.query(query))
    if not found and clip.duration_s < MIN_MATCHED_S:
        raise Inconclusive(too_short(clip.duration_s))
    return found


def moved(matches: Sequence[MatchFound], mark: WatermarkFound) -> bool:
    """Whether the mark tells a speed at which the fingerprint has not been asked for its track."""
    return mark.present and abs(mark.speed - 1.0) > SPEED_TOLERANCE and not _names(matches, mark.message)


def at_own_speed(
    engines: Engines, clip: Clip, registry: "Registry", matches: Sequence[MatchFound], speed: float
) -> tuple[MatchFound, ...]:
    """Matches, and what is found beside them once the audio is put back to the speed of its mark.

    A mark survives larger changes than a fingerprint does.
    """
    index = registry.fingerprints.index()
    restored = engines.printer.extract(_at_own_speed(clip, speed), clip.sample_rate)
    again = (_as_played(MatchFound.of(match), speed) for match in index.query(restored))
    return (*matches, *(match for match in again if not _names(matches, match.record_id)))


def mark_change(mark: WatermarkFound | NotRun[WatermarkFound]) -> list[tuple[float, float]]:
    """The change of speed and pitch that a mark tells, if any."""
    if not isinstance(mark, WatermarkFound) or not mark.present:
        return []
    return [(mark.speed, 2.0 ** (mark.pitch_semitones / 12.0))]


def ratios(changes: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """By how much frequencies were raised, for the music detector to undo.

    Where the pitch went with the speed it is the speed, which is known more exactly; else the pitch, which
    people change by semitones. A change of tempo alone raises nothing.

    Args:
        changes: of speed and pitch, as factors.
    """
    found = []
    for speed, pitch in changes:
        semitones = round(12.0 * math.log2(pitch))
        together = abs(pitch / speed - 1.0) <= PITCH_TOLERANCE
        found.append(speed if together else 2.0 ** (semitones / 12.0))
    return tuple(dict.fromkeys(ratio for ratio in found if abs(ratio - 1.0) > SPEED_TOLERANCE))


def unlike(ratios: Sequence[float], known: Sequence[float]) -> tuple[float, ...]:
    """Those of `ratios` that are none of the known ones told again."""
    return tuple(r for r in ratios if all(abs(r / k - 1.0) > PITCH_TOLERANCE for k in known))


def music(engines: Engines, clip: Clip, ratios: Sequence[float] = ()) -> MusicFound:
    """Ask whether the music was made by a machine, also with its frequencies lowered by each of `ratios`."""
    heard = engines.music.hear(clip, ratios)
    found = MusicFound.of(heard)
    if heard.llr is None:
        raise Inconclusive(found.reason or "nothing could be measured", found)
    return found


def voice(engines: Engines, clip: Clip, artists: Mapping[str, bytes]) -> VoiceFound:
    """Ask for vocals, how synthetic they are, and whose voice they resemble.

    Args:
        engines: what hears.
        clip: what is heard.
        artists: stored voice prints to compare with, by name.

    Raises:
        Inconclusive: vocals that could not be measured, or compared with none of the artists.
    """
    heard = engines.voice.hear(clip, artists)
    found = VoiceFound.of(heard)
    if heard.has_voice and heard.left_out and len(heard.left_out) == len(artists):
        raise Inconclusive("; ".join(heard.left_out), found)
    if heard.has_voice is None or (heard.has_voice and heard.synthetic_score is None):
        raise Inconclusive(heard.reason or UNMEASURED, found)
    return found


def itself(
    tracks: Sequence[MatchFound] | NotRun[tuple[MatchFound, ...]],
    mark: WatermarkFound | NotRun[WatermarkFound],
) -> tuple[str, ...]:
    """The records of which the audio holds a part: by its fingerprint; by its mark where that gave no answer.

    A mark can be laid over other audio, which the fingerprint would tell.
    """
    if not isinstance(tracks, NotRun):
        return tuple(dict.fromkeys(match.record_id for match in tracks))
    found = [match.record_id for match in tracks.found or ()]
    if isinstance(mark, WatermarkFound) and mark.present and mark.message is not None:
        found.append(mark.message)
    return tuple(dict.fromkeys(found))


def originality(engines: Engines, clip: Clip, registry: "Registry", same: Sequence[str]) -> OriginalityFound:
    """Ask which registered tracks the audio comes nearest to.

    Args:
        engines: what hears.
        clip: what is heard.
        registry: the tracks of one tenant.
        same: records whose audio this is, which are not compared with.

    Raises:
        Inconclusive: nothing could be measured, or there is nothing to compare with.
    """
    from detector.originality import nearest, shipped

    one, reference = engines.sketcher.sketch(clip.wav, clip.sample_rate), shipped()
    shelved, plain = registry.sketches.shelved(), uncompared(one)
    own = [place for place, record_id in enumerate(shelved.records) if record_id in same]
    found = OriginalityFound(
        heard_s=rounded(one.heard_s, 3),
        compared_with=len(shelved.records) - len(own),
        left_out=shelved.left_out,
        same=tuple(same),
        recordings=reference.recordings,
    ).told(plain)
    if not any(dimension.measurable for dimension in plain.values()):
        raise Inconclusive(NOTHING_HEARD, found)
    if found.compared_with == 0:
        raise Inconclusive(NO_OTHER, found)
    near = nearest(one, shelved.shelf, reference, leave_out=own)
    ids = dict.fromkeys(shelved.records[other.index] for others in near.values() for other in others)
    records = known(registry.records, ids)  # without those that were erased meanwhile
    if not records:
        raise Inconclusive(NOTHING_SHARED, found)

    def tracks(others: "Sequence[Neighbour]") -> tuple[NearTrack, ...]:
        named = [(other, records.get(shelved.records[other.index])) for other in others]
        return tuple(
            NearTrack.of(other, record_id=record["record_id"], title=record.get("title"))
            for other, record in named
            if record is not None
        )

    return found.told({name: replace(told, nearest=tracks(near[name])) for name, told in plain.items()})


def enrolled(registry: "Registry", artist: str | None) -> dict[str, bytes]:
    """Voice prints to compare with: of one artist, or of all.

    Raises:
        UnknownEntry: the named artist is not enrolled.
    """
    if artist is None:
        return {a.name: a.voiceprint for a in registry.artists.all()}
    try:
        only = registry.artists.one(artist)
    except UnknownEntry as error:
        raise UnknownEntry(f"no artist named {artist!r} is enrolled; see `trackmark artist list`") from error
    return {only.name: only.voiceprint}


def _names(matches: Sequence[MatchFound], record_id: str | None) -> bool:
    return any(match.record_id == record_id for match in matches)


def _as_played(match: MatchFound, speed: float) -> MatchFound:
    """A match of the restored audio, which is `speed` times as long, as one of the audio as it plays."""
    higher = 12.0 * math.log2(speed)

    def played(part: Played) -> Played:
        faster, pitch = rounded(part.speed * speed), rounded(part.pitch_semitones + higher, 3)
        return replace(part, speed=faster, pitch_semitones=pitch)

    stretches = tuple(
        replace(played(s), start_s=rounded(s.start_s / speed, 3), end_s=rounded(s.end_s / speed, 3))
        for s in match.stretches
    )
    return replace(played(match), stretches=stretches)


def _at_own_speed(clip: Clip, speed: float) -> "Tensor":
    from core.resample import resample

    # Playing at `speed` divides the length by it; resampling to rate * speed undoes that.
    return resample(clip.wav, clip.sample_rate, round(clip.sample_rate * speed))
