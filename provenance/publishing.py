"""The second half of tagging: marked audio becomes a file, a record and credentials, all or nothing.

encode → read back → fingerprint → record → sign and log → disclosure and credentials into the file. Audio
that was marked whole (`provenance.tag`) and audio marked as it came (`provenance.tag_stream`) end here.
"""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core import room
from core.clip import Clip
from core.decode import decode
from core.errors import CredentialsError, WatermarkError
from core.interrupts import held
from core.limits import LONG_LIMITS, Limits
from provenance.credentials.manifest import SOFT_BINDING_ALG
from provenance.description import describe
from provenance.formats import CREDENTIALS_IN
from provenance.output import alone_in, check_output, put, refuse_changed
from provenance.preparation import Prepared
from provenance.records.asset import Mark, Span
from provenance.records.record import OwnershipRecord
from provenance.watermark.known import Known
from provenance.writing import workplace, write, writing

if TYPE_CHECKING:
    from torch import Tensor

    from provenance.credentials.identity import C2paIdentity
    from provenance.fingerprint import Fingerprint
    from provenance.records.keys import Signer
    from provenance.watermark import Detection, WatermarkKey


class Ledger(Protocol):
    """What the pipeline needs from the registry: its limits and keys, and a place for the record."""

    @property
    def limits(self) -> Limits:
        """What is accepted of a file."""

    def watermark_key(self) -> "WatermarkKey":
        """The tenant's watermark key."""

    def record_signer(self) -> "Signer":
        """The key that signs records."""

    def c2pa_identity(self) -> "C2paIdentity":
        """Certificate and key that sign credentials."""

    def fingerprint_index(self) -> Any:
        """The index of the registered tracks."""

    def register(self, record: OwnershipRecord, fingerprint: "Fingerprint") -> Any:
        """Sign the record, log it and index its fingerprint, all or nothing."""

    def stating(self, isrc: str) -> Sequence[str]:
        """Records that state an ISRC and are not revoked."""

    def checkpoint(self) -> str:
        """The newest signed checkpoint of the log; its first line names the log."""

    def keep_manifest(self, record_id: str, store: bytes) -> None:
        """Keep the C2PA manifest store of a registered record, for copies that lose theirs."""

    def add_file(self, record_id: str, sha256: str) -> None:
        """Remember the digest of a file that carries the record's audio."""

    def heard(self, record_id: str, clip: Clip) -> None:
        """Keep what else is to be known of the finished audio; the track is done, so nothing is raised."""


class Marker(Protocol):
    """The watermark, so that a test can give its own."""

    def embed(
        self, wav: "Tensor", sample_rate: int, message: bytes, key: "WatermarkKey", *, strength: float
    ) -> "Tensor":
        """Hide a message in audio, [C, T]."""

    def detect(
        self,
        wav: "Tensor",
        sample_rate: int,
        key: "WatermarkKey",
        *,
        exhaustive: bool = False,
        known: Sequence[Known | tuple[float, float]] = (),
    ) -> "Detection":
        """Look for a key's mark in audio, [C, T]: everywhere, or where changes (speed, pitch) are known."""


@dataclass(frozen=True)
class Tagged:
    """A track that now tells whose it is.

    Attributes:
        path: the finished file.
        record_id: 16 hex digits: the record's name, and the message of the watermark.
        leaf_index: place of the record in the transparency log.
        sha256: digest of the finished file; `sha256_pcm` of its samples.
        snr_db: power of the music over power of the mark.
        read_back_p_value: chance of reading the mark by luck in the finished file.
        credentials: whether the container could carry C2PA credentials.
        warnings: what the owner should know, in plain words.
    """

    path: Path
    record_id: str
    leaf_index: int
    sha256: str
    sha256_pcm: str
    duration_s: float
    snr_db: float
    read_back_p_value: float
    credentials: bool
    elapsed_s: float
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The track as command line and API tell it; where the file lies is for them to say."""
        return {
            "record_id": self.record_id,
            "leaf_index": self.leaf_index,
            "sha256": self.sha256,
            "sha256_pcm": self.sha256_pcm,
            "duration_s": round(self.duration_s, 3),
            "snr_db": round(self.snr_db, 2),
            "read_back_p_value": self.read_back_p_value,
            "credentials": self.credentials,
            "elapsed_s": round(self.elapsed_s, 3),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Marked:
    """How audio was marked.

    Attributes:
        message: of the mark: the record's id.
        strength: gain on the mark.
        snr_db: power of the music over power of the mark.
        start_s: where the mark begins; before it lies audio that was left as it came.
    """

    message: str
    strength: float
    snr_db: float
    start_s: float = 0.0


def publish(
    ready: Prepared,
    out: Path,
    draft: OwnershipRecord,
    marked: Marked,
    *,
    ledger: Ledger,
    marker: Marker,
    source: Path | Clip,
    overwrite: bool,
    tell: Callable[[str], None],
    started: float,
) -> Tagged:
    """Write marked audio, register it and put its credentials into the file.

    Args:
        ready: the marked audio, and what its source said of itself.
        out: where to write.
        draft: the record but for what the audio decides.
        marked: how it was marked.
        ledger, marker: as of `tag`.
        source: what the audio was made of: a file, whose credentials are kept, or audio.
        overwrite: whether what has the output's name is replaced.
        tell: called with each step.
        started: when the work began, by the monotonic clock.

    Raises:
        AudioError, EncodeError, WatermarkError, CredentialsError: as of `tag`. Nothing is registered then,
            but where something else than Trackmark takes the output's name in the last instant.
    """
    key, record_id = ledger.watermark_key(), draft.record_id
    with workplace(out) as folder:
        plain, finished = folder / f"marked{out.suffix}", folder / f"finished{out.suffix}"
        tell("encode")
        write(plain, ready.clip.wav, ready)
        tell("read back")
        heard = decode(plain, LONG_LIMITS)
        p_value = _read_back(marker, heard, key, marked)
        tell("fingerprint")
        from provenance.fingerprint import extract

        fingerprint = extract(heard.wav, heard.sample_rate)
        warnings = (*ready.warnings, *_earlier_claims(ledger, fingerprint, draft))
        tell("record")
        record = replace(
            draft,
            asset=describe(draft.asset, heard, out.suffix, fingerprint),
            marks=(_mark(marked, key, heard.duration_s),),
        )
        tell("credentials")
        kept, told = _own_credentials(source, record_id)
        warnings = (*warnings, *told)
        carries = out.suffix.lower() in CREDENTIALS_IN
        if carries:
            parent = source if kept and isinstance(source, Path) else None
            store, told = _write_credentials(plain, finished, record, ledger, parent)
            warnings = (*warnings, *told)
        else:
            from provenance.credentials.sidecar import sidecar_for, write_sidecar

            origin = ledger.checkpoint().partition("\n")[0]
            store = write_sidecar(plain, finished, record, ledger.c2pa_identity(), log_origin=origin)
            beside = sidecar_for(out).name
            lies = f"{out.suffix} files cannot carry C2PA credentials: they lie beside it, in {beside}"
            warnings = (*warnings, lies)
        sha256 = _file_sha256(finished)
        if isinstance(source, Path) and ready.state is not None:
            refuse_changed(source, ready.state)
        with alone_in(out.parent), held():  # whoever stops it here would get a record without its file
            check_output(out, overwrite=overwrite)
            registration = ledger.register(record, fingerprint)
            ledger.keep_manifest(record_id, store)
            with writing(out):
                put(finished, out, overwrite=overwrite)
            ledger.add_file(record_id, sha256)
    ledger.heard(record_id, heard)
    return Tagged(
        path=out,
        record_id=record_id,
        leaf_index=registration.leaf_index,
        sha256=sha256,
        sha256_pcm=record.asset.sha256_pcm,
        duration_s=heard.duration_s,
        snr_db=marked.snr_db,
        read_back_p_value=p_value,
        credentials=carries,
        elapsed_s=time.monotonic() - started,
        warnings=warnings,
    )


def _read_back(marker: Marker, clip: Clip, key: "WatermarkKey", marked: Marked) -> float:
    own = clip.wav[:, round(marked.start_s * clip.sample_rate) :]
    found = marker.detect(own, clip.sample_rate, key)
    if not found.present or found.message != bytes.fromhex(marked.message):
        raise WatermarkError(
            f"the mark cannot be read back from the tagged file ({clip.duration_s:.1f} s); the track is too "
            "short, too quiet or too plain: try a larger strength or a lossless format"
        )
    return float(found.p_value)


def _earlier_claims(ledger: Ledger, fingerprint: "Fingerprint", own: OwnershipRecord) -> tuple[str, ...]:
    """A warning for every other record of the same audio, and for those that state its ISRC beside them.

    The log says who came first.
    """
    matches = ledger.fingerprint_index().query(fingerprint)
    alike = [match.record_id for match in matches if match.record_id != own.record_id]
    told = [f"the same audio is registered already, as record {one}" for one in alike]
    if own.asset.isrc is not None:
        known = {own.record_id, *alike}
        told += [same_isrc(own.asset.isrc, one) for one in ledger.stating(own.asset.isrc) if one not in known]
    return tuple(told)


def same_isrc(isrc: str, record_id: str) -> str:
    """What is said where another record states the same number: a slip, or a second file of one recording.

    An ISRC is the number of one recording (ISO 3901), whatever files there are of it.
    """
    return (
        f"record {record_id} states ISRC {isrc}, too: one ISRC stands for one recording, "
        "so see whether both are of the same"
    )


def _own_credentials(source: Path | Clip, own: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a source came with content credentials that can be kept, and what its owner must know of them.

    Damaged ones are left out, with a warning: they are the source's fault, and no reason to refuse it.
    """
    from provenance.credentials import read_credentials

    if isinstance(source, Clip):
        return False, ()
    try:
        found = read_credentials(source)
    except CredentialsError as error:
        return False, (_damaged(error),)
    if found.record_id in (None, own):
        return found.present, ()
    named = f"the source's own content credentials name record {found.record_id}"
    return found.present, (f"{named}: make sure that the audio is yours to register",)


def _damaged(error: CredentialsError) -> str:
    return f"the source's own content credentials cannot be used and are left out: {error}"[:300]


def _write_credentials(
    plain: Path, finished: Path, record: OwnershipRecord, ledger: Ledger, parent: Path | None
) -> tuple[bytes, tuple[str, ...]]:
    """Sign credentials into the file; those of `parent` are kept as its parent's, unless they are damaged."""
    from provenance.credentials import write_credentials
    from provenance.credentials.stamp import NoStamp

    origin, identity = ledger.checkpoint().partition("\n")[0], ledger.c2pa_identity()
    if parent is not None:
        try:
            store = write_credentials(plain, finished, record, identity, parent=parent, log_origin=origin)
            return store, ()
        except CredentialsError as error:
            if isinstance(error, NoStamp) or room.refused(error) is not None:
                raise  # no fault of the source's
            damaged = (_damaged(error),)
            return write_credentials(plain, finished, record, identity, log_origin=origin), damaged
    return write_credentials(plain, finished, record, identity, log_origin=origin), ()


def _mark(marked: Marked, key: "WatermarkKey", duration_s: float) -> Mark:
    part = Span(round(1000 * marked.start_s), round(1000 * duration_s))
    return Mark(
        alg=SOFT_BINDING_ALG,
        alg_version="1",
        message=marked.message,
        key_epoch=key.epoch + 1,  # records count from 1, keys from 0
        ecc="convolutional + 24-bit MAC",
        strength_mdb=round(1000 * 20 * math.log10(marked.strength)),
        snr_mdb=round(1000 * marked.snr_db),
        segments=(part,) if marked.start_s else (),
    )


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
