"""Small healthy files of every container, with tags, covers, chapters and content credentials."""

import io
import tempfile
from pathlib import Path

import av
import mutagen
import numpy as np
import torch
from mutagen import id3
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, MP4Cover

from core.codecs import Codec
from core.encode import encode
from provenance.credentials import C2paIdentity, write_credentials
from provenance.records.asset import Asset
from provenance.records.involvement import AiInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord
from provenance.records.rights import Party, RightShare

RATE = 44_100
SECONDS = 0.3
COVER = b"\x89PNG\r\n\x1a\n" + bytes(200)
_CODECS: dict[str, Codec] = {
    "wav": "wav", "flac": "flac", "mp3": "mp3", "m4a": "aac", "ogg": "vorbis", "opus": "opus",
}  # fmt: skip
_SIGNED = ("wav", "flac", "mp3", "m4a")


def seeds() -> dict[str, bytes]:
    """The files, by a name that says what they are."""
    time = torch.arange(round(SECONDS * RATE)) / RATE
    wav = torch.stack([0.3 * torch.sin(2 * torch.pi * hz * time) for hz in (440, 660)])
    identity, found = C2paIdentity.generate("Mutants"), {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, codec in _CODECS.items():
            path = Path(folder, f"plain.{suffix}")
            encode(wav, RATE, path, codec=codec, chapters=[(0.0, 0.1, "one"), (0.1, 0.3, "two")])
            found[suffix] = path.read_bytes()
            _tag(path)
            found[f"tagged {suffix}"] = path.read_bytes()
            if suffix in _SIGNED:
                signed = Path(folder, f"signed.{suffix}")
                write_credentials(path, signed, _record(), identity)
                found[f"signed {suffix}"] = signed.read_bytes()
    samples = wav.numpy()
    found["aiff"] = _muxed(samples, "aiff", "pcm_s16be", "s16")
    found["webm"] = _muxed(samples, "webm", "libopus", "flt")
    found["mka"] = _muxed(samples, "matroska", "flac", "s16")
    found["caf"] = _muxed(samples, "caf", "pcm_s16be", "s16")
    found["aac"] = _muxed(samples, "adts", "aac", "fltp")
    return found


def _tag(path: Path) -> None:
    tags = mutagen.File(path)
    if tags.tags is None:
        tags.add_tags()
    if isinstance(tags, MP4):
        tags["\xa9nam"], tags["covr"] = ["Title"], [MP4Cover(COVER, MP4Cover.FORMAT_PNG)]
    elif isinstance(tags.tags, id3.ID3):
        tags.tags.add(id3.TIT2(encoding=3, text=["Title"]))
        tags.tags.add(id3.APIC(encoding=3, mime="image/png", type=3, desc="cover", data=COVER))
        tags.tags.add(id3.COMM(encoding=1, lang="eng", desc="", text=["a comment"]))
    else:
        tags["TITLE"] = ["Title"]
        if isinstance(tags, FLAC):
            picture = Picture()
            picture.data, picture.mime, picture.type = COVER, "image/png", 3
            tags.add_picture(picture)
    tags.save()


def _record() -> OwnershipRecord:
    return OwnershipRecord(
        record_id="00112233aabbccdd",
        issued_at="2026-11-22T13:00:00Z",
        issuer=Issuer("Mutants"),
        asset=Asset("Title", "ab" * 32, 2_000, RATE, 2, "wav"),
        ai_involvement=AiInvolvement("None"),
        parties=(Party("owner", "Owner", "person"),),
        rights=(RightShare("master", "owner", 1_000_000),),
        provenance_of_claim=Claim("generated_here"),
    )


def _muxed(samples: np.ndarray, muxer: str, codec: str, kind: str) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=muxer) as container:
        stream = container.add_stream(codec, rate=48_000 if codec == "libopus" else RATE, layout="stereo")
        resampler = av.AudioResampler(kind, "stereo", stream.rate)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = RATE
        size = stream.codec_context.frame_size or 1024
        fifo = av.AudioFifo()
        for part in resampler.resample(frame):
            part.pts = None
            fifo.write(part)
        while block := fifo.read(size) or fifo.read(size, partial=True):
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    return buffer.getvalue()
