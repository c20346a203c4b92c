"""Sketches of tracks that were registered before sketches were kept, made of their files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from api.audit.engines import Decoder
from api.originality.collection import digest

if TYPE_CHECKING:
    from api.registry.registry import Registry

Became = Literal["kept", "known", "unregistered"]


@dataclass(frozen=True)
class Sketched:
    """What became of a file; a field's name is its key in the JSON.

    Attributes:
        file: its name.
        became: `kept` a sketch of each record was; `known` each has one already; `unregistered` the file is
            no registered track's.
        records: the tenant's records of this audio.
    """

    file: str
    became: Became
    records: tuple[str, ...]


def sketch_file(path: Path, registry: "Registry", decoder: Decoder) -> Sketched:
    """Keep the sketch of a registered track, whose file this is, to the byte or to the sample.

    Args:
        path: the tagged file, or the one that was registered as it is.
        registry: of the tenant whose tracks they are.
        decoder: reads it.

    Raises:
        AudioError: the file cannot be used as audio.
    """
    from provenance.description import pcm_sha256

    records = _records(registry, digest(path))
    if records and not registry.sketches.without(records):
        return Sketched(str(path), "known", records)
    clip = decoder.decode(path, registry.limits)
    records = records or _records(registry, pcm_sha256(clip.wav, clip.sample_rate))
    if not records:
        return Sketched(str(path), "unregistered", ())
    for record_id in sorted(registry.sketches.without(records)):
        registry.sketches.hear(record_id, clip)
    return Sketched(str(path), "kept", records)


def _records(registry: "Registry", sha256: str) -> tuple[str, ...]:
    return tuple(one.record_id for one in registry.records.find_by_sha256(sha256))
