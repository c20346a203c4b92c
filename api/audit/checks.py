"""The single checks of an audit: each asks one package and returns the JSON of its finding.

A check raises `Inconclusive` when it cannot answer for this audio; anything else that it raises
is a failure of the check.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from api.audit.engines import Engines
from api.audit.findings import Json, number, segments_json, significant
from core.clip import Clip
from core.errors import RegistryError, WatermarkError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from api.registry.registry import Registry

SILENCE_DBFS = -70.0
SHORTEST_S = 0.25
# Below this the fingerprint's own search tolerates the change; above it the audio is put back first.
SPEED_TOLERANCE = 0.005
MOST_CHANGES = 3


class Inconclusive(Exception):
    """A check cannot answer for this audio; the message is the reason.

    Attributes:
        found: what it did find, in JSON, which does not answer the question.
    """

    def __init__(self, reason: str, found: Json | None = None) -> None:
        super().__init__(reason)
        self.found = found


def unusable_reason(clip: Clip) -> str | None:
    """Why no check of the sound can answer, or None: silence, or less than a blink of audio."""
    return unusable(clip.duration_s, float(clip.wav.abs().max()))


def unusable(duration_s: float, peak: float) -> str | None:
    """As `unusable_reason`, for audio of which only the length and the largest sample are known."""
    if duration_s < SHORTEST_S:
        return f"inconclusive: {duration_s:.3f} s of audio is too short to judge"
    if peak < 10 ** (SILENCE_DBFS / 20):
        return "inconclusive: the audio is silent"
    return None


def watermark(
    engines: Engines,
    clip: Clip,
    registry: "Registry",
    known: Sequence[tuple[float, float]] = (),
    *,
    exhaustive: bool = True,
) -> Json:
    """Look for a mark made with the registry's key, first at the changes that the fingerprint tells."""
    try:
        key = registry.keys.watermark()
        found = engines.marker.detect(clip.wav, clip.sample_rate, key, exhaustive=exhaustive, known=known)
    except WatermarkError as error:
        raise Inconclusive(str(error)) from error
    searched = {
        "search": "full" if found.exhaustive else "quick",
        "known": [{"speed": number(speed), "pitch": number(pitch)} for speed, pitch in found.known],
    }
    return {**watermark_json(found), "searched": searched}


def watermark_json(found: Any) -> Json:
    """A detection in the form of `trackmark watermark detect --json`, without the file."""
    return {
        "present": bool(found.present),
        "p_value": significant(found.p_value),
        "message": found.message.hex() if found.message is not None else None,
        "speed": number(found.speed),
        "pitch_semitones": number(found.pitch_semitones, 3),
        "segments": segments_json(found.segments),
        "duration_s": number(found.duration_s, 3),
        "elapsed_s": number(found.elapsed_s, 3),
    }


def credentials(engines: Engines, path: "Path", registry: "Registry") -> Json:
    """Read the C2PA manifest and judge it against the registry's own root and the authorities it believes."""
    found = engines.credentials.read(
        path, registry.keys.published.credential_anchors(), registry.keys.published.tsa_anchors()
    )
    return {
        "present": found.present,
        "valid": found.valid,
        "signature_valid": found.signature_valid,
        "content_bound": found.content_bound,
        "trusted": found.trusted,
        "stamped_at": found.stamped_at,
        "stamp_trusted": found.stamp_trusted,
        "signer": found.signer,
        "digital_source_type": found.digital_source_type,
        "record_id": found.record_id,
        "record_known": None,
    }


def changes(matches: Sequence[Json] | None) -> list[tuple[float, float]]:
    """The few changes of speed and pitch, best match first, that a mark may have gone through too."""
    told = [(m["speed"], 2.0 ** (m["pitch_semitones"] / 12.0)) for m in matches or ()]
    changed = [(s, p) for s, p in told if max(abs(s - 1.0), abs(p - 1.0)) > SPEED_TOLERANCE]
    return list(dict.fromkeys(changed))[:MOST_CHANGES]


def fingerprint(engines: Engines, clip: Clip, registry: "Registry") -> list[Json]:
    """Look the audio up among the registered tracks."""
    index = registry.fingerprints.index()
    query = engines.printer.extract(clip.wav, clip.sample_rate)
    if len(query.hashes) == 0:
        raise Inconclusive("the audio has no peaks to compare")
    return [match_json(match) for match in index.query(query)]


def moved(matches: Sequence[Json] | None, mark: Json | None) -> bool:
    """Whether the mark tells a speed at which the fingerprint has not been asked for its track."""
    if matches is None or mark is None or not mark["present"]:
        return False
    return abs(mark["speed"] - 1.0) > SPEED_TOLERANCE and not _names(matches, mark["message"])


def at_own_speed(
    engines: Engines, clip: Clip, registry: "Registry", matches: Sequence[Json], speed: float
) -> list[Json]:
    """Matches, and what is found beside them once the audio is put back to the speed of its mark.

    A mark survives larger changes than a fingerprint does.
    """
    index = registry.fingerprints.index()
    restored = engines.printer.extract(_at_own_speed(clip, speed), clip.sample_rate)
    again = [match_json(match) for match in index.query(restored)]
    for match in again:
        match["offset_s"] = number(match["offset_s"] / speed, 3)
        match["speed"] = number(match["speed"] * speed)
        for stretch in match["stretches"]:  # of the restored audio, which is `speed` times as long
            stretch |= {edge: number(stretch[edge] / speed, 3) for edge in ("start_s", "end_s")}
    return [*matches, *(match for match in again if not _names(matches, match["record_id"]))]


def match_json(match: Any) -> Json:
    """A fingerprint match in the form of `audit --json`."""
    return {
        "record_id": match.record_id,
        "score": number(match.score),
        "offset_s": number(match.offset_s, 3),
        "speed": number(match.speed),
        "pitch_semitones": number(12.0 * math.log2(match.pitch), 3),
        "matched_s": number(match.matched_s, 3),
        "stretches": [
            {"start_s": number(start, 3), "end_s": number(end, 3)} for start, end in match.stretches
        ],
        "p_value": significant(match.p_value),
    }


def music(engines: Engines, clip: Clip) -> Json:
    """Ask whether the music was made by a machine."""
    found = engines.music.hear(clip)
    told = {
        "score": number(found.score),
        "likelihood_ratio": number(found.llr),
        "p_value": significant(found.p_value),
        "verdict": found.verdict,
        "generator": [{"family": f.name, "share": number(f.share)} for f in found.families],
        "evidence": [{"kind": e.kind, "text": e.text, "data": plain(e.data)} for e in found.evidence],
        "segments": segments_json(found.segments),
        "reason": found.reason,
        "propositions": [
            {"name": p.name, "text": p.text, "answer": p.answer, "likelihood_ratio": number(p.llr)}
            for p in found.propositions
        ],
        "misses": [{"condition": m.condition, "share": number(m.share)} for m in found.misses],
        "calibration": found.calibration,
        "group": found.group,
    }
    if found.llr is None:
        raise Inconclusive(found.reason or "nothing could be measured", told)
    return told


def voice(engines: Engines, clip: Clip, artists: Mapping[str, bytes], warn: Callable[[str], None]) -> Json:
    """Ask for vocals, how synthetic they are, and whose voice they resemble.

    Args:
        engines: what hears.
        clip: what is heard.
        artists: stored voice prints to compare with, by name.
        warn: told of each artist that could not be compared.

    Raises:
        Inconclusive: vocals that could not be measured, or compared with none of the artists.
    """
    found = engines.voice.hear(clip, artists)
    for text in found.left_out:
        warn(text)
    told = {
        "has_voice": found.has_voice,
        "synthetic_score": number(found.synthetic_score),
        "artists": [
            {
                "name": a.name,
                "similarity": number(a.similarity),
                "likelihood_ratio": number(a.llr),
                "clone_score": number(a.clone_score),
                "consent": "none",
                "suspected": False,
            }
            for a in found.artists
        ],
        "segments": segments_json(found.segments),
        "reason": "; ".join([*filter(None, [found.reason]), *found.left_out]) or None,
    }
    if found.has_voice and found.left_out and len(found.left_out) == len(artists):
        raise Inconclusive("; ".join(found.left_out), told)
    if found.has_voice is None or (found.has_voice and found.synthetic_score is None):
        raise Inconclusive(found.reason or "the vocals could not be measured", told)
    return told


def enrolled(registry: "Registry", artist: str | None) -> dict[str, bytes]:
    """Voice prints to compare with: of one artist, or of all.

    Raises:
        RegistryError: the named artist is not enrolled.
    """
    known = {a.name: a.voiceprint for a in registry.artists.all()}
    if artist is None:
        return known
    if artist not in known:
        raise RegistryError(f"no artist named {artist!r} is enrolled; see `trackmark artist list`")
    return {artist: known[artist]}


def plain(value: Any) -> Any:
    """Evidence as JSON: numbers of any library become floats, unknown things their text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, int):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return number(value)
    return str(value)


def _names(matches: Sequence[Json], record_id: str | None) -> bool:
    return any(match["record_id"] == record_id for match in matches)


def _at_own_speed(clip: Clip, speed: float) -> "Tensor":
    from core.resample import resample

    # Playing at `speed` divides the length by it; resampling to rate * speed undoes that.
    return resample(clip.wav, clip.sample_rate, round(clip.sample_rate * speed))
