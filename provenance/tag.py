"""The one pipeline that makes a track tell whose it is.

decode → embed → encode → read back → fingerprint → record → sign and log → disclosure and
credentials into the file. The output appears under its name only when everything before has
worked, so a crash leaves no half-written file behind; a record without its file can be left by
a crash in the last instant, and does no harm.

A record cannot contain the hash of a file that contains the record's hash. So the record holds
the digest of the marked samples (`pcm_sha256`) and of the file before credentials; the digest of
the finished file is told to the ledger afterwards.
"""

import hashlib
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from core.clip import Clip
from core.codecs import Codec
from core.decode import decode
from core.encode import encode
from core.errors import EncodeError, WatermarkError
from provenance.credentials.manifest import SOFT_BINDING_ALG
from provenance.declaration import Declaration, draft_record, parse_generator
from provenance.records.asset import Asset, FingerprintRef, Mark
from provenance.records.record import OwnershipRecord, new_record_id

if TYPE_CHECKING:
    from torch import Tensor

    from provenance.credentials.identity import C2paIdentity
    from provenance.fingerprint import Fingerprint
    from provenance.records.keys import Signer
    from provenance.watermark import WatermarkKey

__all__ = [
    "CODECS",
    "Channel",
    "Declaration",
    "Ledger",
    "Tagged",
    "codec_for",
    "parse_generator",
    "pcm_sha256",
    "tag",
]

Progress = Callable[[str, float], None]

CODECS: dict[str, tuple[Codec, int | None]] = {
    ".wav": ("wav", None),
    ".flac": ("flac", None),
    ".mp3": ("mp3", 256_000),
    ".m4a": ("aac", 256_000),
    ".mp4": ("aac", 256_000),
    ".ogg": ("vorbis", None),
    ".opus": ("opus", 160_000),
}
"""Output formats by file suffix, with the bit rate that the lossy ones are written at."""

CREDENTIALS_IN = frozenset({".wav", ".flac", ".mp3", ".m4a", ".mp4"})
"""Suffixes of the containers that can carry a C2PA manifest (no Ogg: contentauth/c2pa-rs #2072)."""

_STEPS = ("decode", "mark", "encode", "read back", "fingerprint", "record", "credentials")


class Ledger(Protocol):
    """What the pipeline needs from the registry: its keys and a place for the record."""

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

    def checkpoint(self) -> str:
        """The newest signed checkpoint of the log; its first line names the log."""

    def add_file(self, record_id: str, sha256: str) -> None:
        """Remember the digest of a file that carries the record's audio."""


@dataclass(frozen=True)
class Channel:
    """The watermark as two functions, so that a test can replace them.

    Attributes:
        embed: (wav [C, T], sample_rate, message, key, strength=) to the marked wav.
        detect: (wav [C, T], sample_rate, key) to a detection.
    """

    embed: Callable[..., "Tensor"]
    detect: Callable[..., Any]


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


def tag(
    source: Path | str | Clip,
    out: Path | str,
    declaration: Declaration,
    *,
    ledger: Ledger,
    strength: float = 1.0,
    progress: Progress | None = None,
    channel: Channel | None = None,
    keep_manifest: Callable[[str, bytes], None] | None = None,
) -> Tagged:
    """Mark a track, register it and write it with its credentials.

    Args:
        source: a file, or audio that was decoded or generated already.
        out: where to write; the suffix chooses the format (see `CODECS`).
        declaration: whose it is and how it was made.
        ledger: keys and records.
        strength: gain on the watermark; more is safer and easier to hear.
        progress: called with (step, fraction done).
        channel: the watermark; None is ours.
        keep_manifest: called with (record id, C2PA manifest store) once the record is registered, so that
            a copy that loses its manifest can find it again.

    Raises:
        AudioError: the source cannot be used as audio.
        EncodeError: `out` names no known format or cannot be written.
        WatermarkError: the track is too short or silent, carries a mark of this ledger already, or
            the mark cannot be read back from the finished file. Nothing is registered then.
        RecordError: the declaration breaks a rule of the record (a malformed ISRC, say).
    """
    started, out = time.monotonic(), Path(out)
    codec, bit_rate = codec_for(out)
    tell, channel = _teller(progress), channel or product_channel()
    record_id = new_record_id()
    draft = draft_record(record_id, declaration, ledger.record_signer().keyid)

    tell("decode")
    clip = source if isinstance(source, Clip) else decode(source)
    key = ledger.watermark_key()
    _refuse_second_mark(channel, clip, key)
    tell("mark")
    marked = channel.embed(clip.wav, clip.sample_rate, bytes.fromhex(record_id), key, strength=strength)
    snr = snr_db(clip.wav, marked)
    with _workplace(out) as folder:
        plain, finished = folder / f"marked{out.suffix}", folder / f"finished{out.suffix}"
        tell("encode")
        encode(marked, clip.sample_rate, plain, codec=codec, bit_rate=bit_rate)
        tell("read back")
        heard = decode(plain)
        p_value = _read_back(channel, heard, key, record_id, out)
        tell("fingerprint")
        from provenance.fingerprint import extract

        fingerprint = extract(heard.wav, heard.sample_rate)
        warnings = _earlier_claims(ledger, fingerprint)
        tell("record")
        record = replace(
            draft,
            asset=describe(draft.asset, heard, out.suffix, fingerprint),
            marks=(_mark(record_id, key, strength, snr),),
        )
        tell("credentials")
        carries = out.suffix.lower() in CREDENTIALS_IN
        if carries:
            store = _write_credentials(plain, finished, record, ledger, source)
        else:
            from provenance.credentials.sidecar import sidecar_of, write_sidecar

            origin = ledger.checkpoint().partition("\n")[0]
            store = write_sidecar(plain, finished, record, ledger.c2pa_identity(), log_origin=origin)
            beside = sidecar_of(out).name
            told = f"{out.suffix} files cannot carry C2PA credentials: they lie beside it, in {beside}"
            warnings = (*warnings, told)
        sha256 = _file_sha256(finished)
        registration = ledger.register(record, fingerprint)
        if keep_manifest is not None:
            keep_manifest(record_id, store)
        if not carries:
            sidecar_of(finished).replace(sidecar_of(out))
        finished.replace(out)
    ledger.add_file(record_id, sha256)
    return Tagged(
        path=out,
        record_id=record_id,
        leaf_index=registration.leaf_index,
        sha256=sha256,
        sha256_pcm=record.asset.sha256_pcm,
        duration_s=heard.duration_s,
        snr_db=snr,
        read_back_p_value=p_value,
        credentials=carries,
        elapsed_s=time.monotonic() - started,
        warnings=warnings,
    )


def product_channel() -> Channel:
    """The watermark that ships."""
    from provenance.watermark import detect, embed

    return Channel(embed, detect)


def codec_for(out: Path) -> tuple[Codec, int | None]:
    """Codec and bit rate by the suffix of the output.

    Raises:
        EncodeError: the suffix names no known format.
    """
    try:
        return CODECS[out.suffix.lower()]
    except KeyError:
        raise EncodeError(f"cannot write {out.name!r}: end its name in one of {', '.join(CODECS)}") from None


def describe(draft: Asset, clip: Clip, suffix: str, fingerprint: "Fingerprint") -> Asset:
    """Fill in what a draft's asset says of the audio itself; `suffix` is that of the file, with its dot."""
    return replace(
        draft,
        sha256_pcm=pcm_sha256(clip.wav, clip.sample_rate),
        sha256_files=(clip.source.sha256,),
        duration_ms=max(1, round(1000 * clip.duration_s)),
        sample_rate=clip.sample_rate,
        channels=int(clip.wav.shape[0]),
        container=suffix[1:].lower() or "unknown",
        fingerprints=(_fingerprint_ref(fingerprint),),
    )


def pcm_sha256(wav: "Tensor", sample_rate: int) -> str:
    """Digest of the sound itself, whatever container it lies in.

    The canonical form is `pcm/s24le/<rate>/<channels>` and a line feed, then the samples rounded
    to 24 bits, little-endian, interleaved.

    >>> import torch
    >>> pcm_sha256(torch.zeros(1, 4), 8000)[:16]
    '92cf0525c35c4396'
    """
    digest = hashlib.sha256(f"pcm/s24le/{sample_rate}/{wav.shape[0]}\n".encode())
    for block in torch.split(wav, 1 << 20, dim=-1):
        scaled = np.clip(np.rint(block.T.double().numpy() * 8388608.0), -8388608, 8388607).astype("<i4")
        digest.update(np.ascontiguousarray(scaled).view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    return digest.hexdigest()


def snr_db(wav: "Tensor", marked: "Tensor") -> float:
    """Power of the music over power of the mark, in decibels."""
    noise = float((marked - wav).double().square().sum())
    if noise == 0.0:
        raise WatermarkError("the mark changed nothing: the strength is zero, or the track is silent")
    return float(10 * (wav.double().square().sum() / noise).log10())


def _refuse_second_mark(channel: Channel, clip: Clip, key: "WatermarkKey") -> None:
    found = channel.detect(clip.wav, clip.sample_rate, key)
    if found.present and found.message is not None:
        raise WatermarkError(
            f"the track carries the mark of record {found.message.hex()} already; a second would spoil both"
        )


def _read_back(channel: Channel, clip: Clip, key: "WatermarkKey", record_id: str, out: Path) -> float:
    found = channel.detect(clip.wav, clip.sample_rate, key)
    if not found.present or found.message != bytes.fromhex(record_id):
        raise WatermarkError(
            f"the mark cannot be read back from {out.name} ({clip.duration_s:.1f} s); "
            "the track is too short, too quiet or too plain: try a larger --strength or a lossless format"
        )
    return float(found.p_value)


def _earlier_claims(ledger: Ledger, fingerprint: "Fingerprint") -> tuple[str, ...]:
    """A warning for every earlier record of the same audio: the log says who came first."""
    matches = ledger.fingerprint_index().query(fingerprint)
    return tuple(f"the same audio is registered already, as record {m.record_id}" for m in matches)


def _write_credentials(
    plain: Path, finished: Path, record: OwnershipRecord, ledger: Ledger, source: Path | str | Clip
) -> bytes:
    """Sign credentials into the file; those that the source came with are kept as its parent's."""
    from provenance.credentials import read_credentials, write_credentials

    parent = None
    if not isinstance(source, Clip) and read_credentials(Path(source)).present:
        parent = Path(source)
    origin = ledger.checkpoint().partition("\n")[0]
    return write_credentials(
        plain, finished, record, ledger.c2pa_identity(), parent=parent, log_origin=origin
    )


def _fingerprint_ref(fingerprint: "Fingerprint") -> FingerprintRef:
    return FingerprintRef("trackmark.triplets", hashlib.sha256(fingerprint.to_bytes()).hexdigest(), "TMF2")


def _mark(record_id: str, key: "WatermarkKey", strength: float, snr: float) -> Mark:
    return Mark(
        alg=SOFT_BINDING_ALG,
        alg_version="1",
        message=record_id,
        key_epoch=key.epoch + 1,  # records count from 1, keys from 0
        ecc="convolutional + 24-bit MAC",
        strength_mdb=round(1000 * 20 * math.log10(strength)),
        snr_mdb=round(1000 * snr),
    )


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """A folder beside the output, so that the last step is a rename on one file system."""
    try:
        with tempfile.TemporaryDirectory(prefix=".trackmark-", dir=out.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise EncodeError(f"cannot write {out}: {error.strerror or error}") from error


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _teller(progress: Progress | None) -> Callable[[str], None]:
    def tell(step: str) -> None:
        if progress is not None:
            progress(step, _STEPS.index(step) / len(_STEPS))

    return tell
