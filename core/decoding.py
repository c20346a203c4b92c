"""Decoding an open file to messages, inside the sandbox; see `core.decoder_child` for who runs it.

PyAV and NumPy, no torch. A file is decoded link by link (most have one), and what its container promises is
held against what there is.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from core import foreign
from core.containers import Structure, structure
from core.flac import Promises, stated_bits
from core.layouts import channels_of, named
from core.limits import MOST_CHAPTERS, MOST_TAG_TEXT, MOST_TAGS
from core.locked_child import Refusal
from core.windows import Window

DEMUXERS = "wav,w64,aiff,caf,flac,mp3,ogg,mov,matroska,aac,amr"
DECODERS = frozenset(
    """
    aac aac_fixed aac_latm alac amrnb amrwb flac libopencore_amrnb libopencore_amrwb libopus libvorbis
    mp1 mp1float mp2 mp2float mp3 mp3float opus vorbis adpcm_ms adpcm_ima_wav pcm_alaw pcm_mulaw
    pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be
    pcm_f64le pcm_f64be
    """.split()  # noqa: SIM905
)
BLOCK = 1 << 16
HEAD_BYTES = 1 << 16
DAMAGED_PACKETS = 0.2
"""Share of undecodable packets beyond which a file is noise that looked like audio by chance."""
LEFT_OUT_S = 0.5
"""What an edit list may leave out unsaid: what encoders put before and after the audio."""
GAP_S = 0.05
"""A frame that begins so much after the end of the last one tells that audio between them was lost. Less is
the turn between long and short blocks of Vorbis, or a container's clock that counts milliseconds."""

_KINDS = {"u8": "u1", "s16": "<i2", "s32": "<i4", "s64": "<i8", "flt": "<f4", "dbl": "<f8"}

Samples = NDArray[np.float32]


def decode_messages(source: Any, limits: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Decode an open file to the messages described above, in bounded memory.

    Args:
        source: readable, seekable binary file.
        limits: fields of `core.decode.Limits`.

    Raises:
        Refusal: the file is not accepted.
    """
    misread = foreign.misread(source.read(16))
    if misread is not None:
        raise Refusal("UnsupportedAudio", _convert(misread))
    found = structure(source)
    links = [Window(source, start, end, found.patches) for start, end in found.links]
    shape = _widest(links)
    sound = _Sound(limits)
    reasons = list(found.flaws)
    for number, link in enumerate(links):
        link.seek(0)
        try:
            yield from sound.hear(link, found, shape)
        except Refusal as refusal:
            if number == 0 or refusal.kind != "UnreadableAudio":
                raise
            reasons.append(f"of {len(links)} streams that follow each other, one cannot be read")
    yield from sound.rest()
    if sound.damaged:
        reasons.append("damaged parts were left out")
    if sound.short:
        reasons.append("the audio is shorter than the file says")
    reasons += sound.reasons
    yield b"E", json.dumps({"truncated": bool(reasons), "reasons": list(dict.fromkeys(reasons))}).encode()


class _Sound:
    """The messages of one file, gathered from its links."""

    def __init__(self, limits: dict[str, Any]) -> None:
        self.damaged = self.short = False
        self.reasons: list[str] = []
        self._limits = limits
        self._head: dict[str, Any] | None = None
        self._count = 0
        self._parts: list[Samples] = []

    def hear(self, link: Any, found: Structure, shape: "_Shape | None") -> Iterator[tuple[bytes, bytes]]:
        """Decode one link; `shape` is what all of several links are brought to."""
        limits = self._limits
        with _opened(link) as container:
            stream = _audio_stream(container)
            declared_s, plausible_s = _declared_seconds(container, stream)
            if plausible_s > limits["max_duration_s"]:
                raise Refusal("AudioTooLarge", _too_long(limits, "its header says that it lasts longer than"))
            before = self._count
            promises = Promises.of(container, stream)
            for samples, frame, damaged in _frames(container, stream, shape, promises):
                self.damaged |= damaged
                if samples is None:
                    continue
                rate = shape.rate if shape else frame.sample_rate
                if self._head is None:
                    layout, places = _layout(frame, shape, found.channels)
                    self._places = places
                    self._head = _header(container, stream, rate, len(samples), limits)
                    self._head |= {"layout": layout, "bits": _bits(stream, frame)}
                    self._head["expected_s"] = plausible_s if len(found.links) == 1 else None
                    self._head["others"] = _others(container, stream)
                    self._head["more_audio"] = len(container.streams.audio) - 1
                    self._head["chapters"] = _chapters(container)
                    self._head["tags"] = [
                        (name[:100], text[:MOST_TAG_TEXT])
                        for name, text in [*container.metadata.items(), *stream.metadata.items()][:MOST_TAGS]
                    ]
                    yield b"H", json.dumps(self._head).encode()
                if (rate, len(samples)) != (self._head["sample_rate"], self._head["channels"]):
                    raise Refusal(
                        "UnreadableAudio", "the sample rate or channel count changes within the file"
                    )
                self._take(samples if self._places is None else samples[self._places], rate)
                if sum(part.shape[1] for part in self._parts) >= BLOCK:
                    yield b"B", np.concatenate(self._parts, axis=1).tobytes()
                    self._parts = []
            if self._head is not None:
                heard_s = (self._count - before) / self._head["sample_rate"]
                # FLAC counts its samples; others round, or count what encoders put around the audio.
                exact = container.format.name == "flac"
                least_s = declared_s - 0.5 / self._head["sample_rate"] if exact else 0.98 * declared_s - 0.25
                self.short |= heard_s < least_s
                self.reasons += promises.broken() if promises is not None and not self.damaged else []
                self.reasons += _left_out(container, link, heard_s)
            elif _left_out(container, link, 0.0):
                raise Refusal("EmptyAudio", "its edit list plays none of its audio: export it again")

    def _take(self, samples: Samples, rate: int) -> None:
        limits = self._limits
        self._count += samples.shape[1]
        if self._count > limits["max_duration_s"] * rate:
            raise Refusal("AudioTooLarge", _too_long(limits))
        if self._count * len(samples) * 4 > limits["max_decoded_bytes"]:
            raise Refusal(
                "AudioTooLarge", "decodes to more samples than allowed: split the file or mix it down"
            )
        self._parts.append(samples)

    def rest(self) -> Iterator[tuple[bytes, bytes]]:
        """The last samples."""
        if self._head is None or self._count == 0:
            raise Refusal("EmptyAudio", "the file holds no samples: check the export that made it")
        if self._parts:
            yield b"B", np.concatenate(self._parts, axis=1).tobytes()


@dataclass(frozen=True)
class _Shape:
    """Rate and layout that several links are brought to: the highest, and the one of most channels."""

    rate: int
    layout: str
    channels: int


def _widest(links: list[Window]) -> _Shape | None:
    """What all links are brought to; None where they agree or there is one."""
    shapes = []
    for link in links if len(links) > 1 else ():
        with contextlib.suppress(Refusal), _opened(link) as container:
            context = _audio_stream(container).codec_context
            name = context.layout.name
            shapes.append(_Shape(context.sample_rate, name, context.channels))
    if len({(shape.rate, shape.layout) for shape in shapes}) < 2:
        return None
    widest = max(shapes, key=lambda shape: shape.channels)
    return _Shape(max(shape.rate for shape in shapes), widest.layout, widest.channels)


def _opened(link: Any, **options: str) -> Any:
    """The demuxer of a link."""
    try:
        return av.open(
            link,
            "r",
            metadata_errors="ignore",
            container_options={
                "format_whitelist": DEMUXERS,
                "codec_whitelist": ",".join(sorted(DECODERS)),
                "protocol_whitelist": "none",
                "max_streams": "32",
                **options,
            },
        )
    except (av.FFmpegError, ValueError) as error:
        link.seek(0)
        known = foreign.name(link.read(HEAD_BYTES))
        if known is not None:
            raise Refusal("UnsupportedAudio", _convert(known)) from error
        raise Refusal("UnreadableAudio", f"not a readable audio file ({_reason(error)})") from error


def _convert(known: str) -> str:
    return f"{known} is not accepted: convert it to WAV or FLAC"


def _left_out(container: Any, link: Any, heard_s: float) -> list[str]:
    """That an edit list leaves out audio, in plain words."""
    if not container.format.name.startswith("mov"):
        return []
    link.seek(0)
    with _opened(link, ignore_editlist="1") as whole:
        left_out_s = _declared_seconds(whole, _audio_stream(whole))[1] - heard_s
    text = f"an edit list leaves out {left_out_s:.1f} s of audio, which some players play"
    return [text] if left_out_s > LEFT_OUT_S else []


def _layout(
    frame: Any, shape: _Shape | None, channels: tuple[str, ...] | None
) -> tuple[str | None, list[int] | None]:
    """Name of the layout, and the order that brings the file's channels into it (None: as they are)."""
    if shape is not None:
        return (shape.layout if channels_of(shape.layout) else None), None
    count = frame.layout.nb_channels
    if channels is not None and len(channels) == count:
        return named(channels)
    name = frame.layout.name
    return (name if channels_of(name) else None), None


def _bits(stream: Any, frame: Any) -> int | None:
    """Bits of a sample in the file where it is lossless, negative for float; None for lossy codecs."""
    name = stream.codec_context.name
    if name.startswith("pcm_f"):
        return -64 if name.startswith("pcm_f64") else -32
    pcm = re.fullmatch(r"pcm_[su](8|16|24|32)(?:le|be)?", name)
    if pcm:
        return int(pcm[1])
    if name in ("flac", "alac"):
        stated = stated_bits(name, stream.codec_context.extradata or b"") or frame.format.bits
        return next(size for size in (16, 24, 32) if stated <= size)
    return None


def _others(container: Any, heard: Any) -> list[str]:
    """What else the file holds, in plain words: more audio, video, subtitles; a still picture is no video."""
    audio = sum(stream.type == "audio" for stream in container.streams) - 1
    others = [f"{audio} more audio track{'s' if audio > 1 else ''}"] if audio else []
    kinds = {
        stream.type
        for stream in container.streams
        if stream is not heard and stream.type != "audio" and not _is_picture(stream)
    }
    if container.chapters():
        kinds.discard("data")  # QuickTime keeps the names of chapters in a track
    if container.format.name.startswith("matroska") and any(map(_is_picture, container.streams)):
        others.append("a cover picture")  # of other containers, it is read with their tags
    return others + sorted(f"{kind or 'unknown'} stream" for kind in kinds)


def _chapters(container: Any) -> list[tuple[float, float, str]]:
    return [
        (float(one["start"] * base), float(one["end"] * base), str(one["metadata"].get("title", ""))[:500])
        for one in container.chapters()[:MOST_CHAPTERS]
        if (base := one["time_base"]) is not None
    ]


def _is_picture(stream: Any) -> bool:
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def _audio_stream(container: Any) -> Any:
    if not container.streams.audio:
        raise Refusal("UnreadableAudio", "the file holds no audio track")
    stream = container.streams.audio[0]
    name = stream.codec_context.name if stream.codec_context else "unknown"
    if name not in DECODERS:
        raise Refusal("UnsupportedAudio", f"codec {name} is not accepted: convert to WAV (PCM) or FLAC")
    stream.thread_type = "NONE"
    if name == "flac":
        stream.codec_context.options = {"err_detect": "crccheck+explode"}  # unasked, it plays damage
    return stream


def _header(container: Any, stream: Any, rate: int, channels: int, limits: dict[str, Any]) -> dict[str, Any]:
    """The H message, after checking what was decoded first (containers may say something else)."""
    if not limits["min_rate"] <= rate <= limits["max_rate"]:
        accepted = f"{limits['min_rate']} to {limits['max_rate']} Hz"
        raise Refusal("UnsupportedAudio", f"sample rate {rate} Hz: resample to {accepted}")
    if channels > limits["max_channels"]:
        raise Refusal(
            "UnsupportedAudio", f"{channels} channels: mix down to {limits['max_channels']} or fewer"
        )
    return {
        "container": container.format.name,
        "codec": stream.codec_context.name,
        "bit_rate": stream.codec_context.bit_rate or container.bit_rate or None,
        "sample_rate": rate,
        "channels": channels,
    }


def _frames(
    container: Any, stream: Any, shape: _Shape | None, promises: Promises | None
) -> Iterator[tuple[Samples | None, Any, bool]]:
    """Decoded frames as (samples [C, n], frame, damaged); damage and loss yield (None, None, True)."""
    packets, damaged, decoded = 0, 0, 0
    ended_s: float | None = None
    source = container.demux(stream)
    convert = None if shape is None else _Converter(shape)
    while True:
        try:
            packet = next(source)
            packets += 1
            frames = packet.decode()
        except StopIteration:
            break
        except av.error.EOFError:
            break
        except av.FFmpegError as error:
            damaged += 1
            if damaged > 8 and damaged > DAMAGED_PACKETS * packets:
                raise Refusal(
                    "UnreadableAudio", f"too much of the file is damaged ({_reason(error)})"
                ) from error
            yield None, None, True
            continue
        for frame in frames:
            decoded += 1
            if promises is not None:
                promises.count(packet.size, frame)
            begins_s = None if frame.time is None else float(frame.time)
            if begins_s is not None and ended_s is not None and begins_s > ended_s + GAP_S:
                yield None, None, True
            ended_s = None if begins_s is None else begins_s + frame.samples / frame.sample_rate
            for done in (frame,) if convert is None else convert(frame):
                yield _samples(done), done, False
    if convert is not None and decoded:
        for done in convert(None):
            yield _samples(done), done, False
    if damaged and not decoded:
        raise Refusal("UnreadableAudio", "not a readable audio file (no part of it decodes)")


class _Converter:
    """Brings frames to a common rate and layout."""

    def __init__(self, shape: _Shape) -> None:
        self._resample = av.AudioResampler(format="flt", layout=shape.layout, rate=shape.rate)

    def __call__(self, frame: Any) -> Any:
        return self._resample.resample(frame)


def _samples(frame: Any) -> Samples:
    """Planar float samples of one frame, [C, n]: integers scaled so that full scale is 1.

    Read plane by plane: PyAV 18.1 counts nine planes in a frame of eight channels, and reads past the last.
    """
    kind = _KINDS[frame.format.name.removesuffix("p")]
    channels, count = frame.layout.nb_channels, frame.samples
    if frame.format.is_planar:
        planes = frame.planes[:channels]
        raw: NDArray[Any] = np.stack([np.frombuffer(plane, kind, count) for plane in planes])
    else:
        raw = np.frombuffer(frame.planes[0], kind, count * channels).reshape(-1, channels).T
    if raw.dtype == np.uint8:
        return np.asarray((raw.astype(np.float32) - 128.0) / 128.0)
    if raw.dtype.kind == "i":
        return np.asarray(raw / float(1 << (8 * raw.dtype.itemsize - 1)), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(raw, dtype=np.float32)


def _declared_seconds(container: Any, stream: Any) -> tuple[float, float]:
    """Length according to the container, and the same capped by what its bytes can hold (PCM)."""
    declared = float(stream.duration * stream.time_base) if stream.duration else 0.0
    declared = declared or (container.duration or 0) / av.time_base
    context = stream.codec_context
    if context.name.startswith("pcm_") and context.bit_rate and container.size > 0:
        return declared, min(declared, 8 * container.size / context.bit_rate)
    return declared, declared


def _too_long(limits: dict[str, Any], longer: str = "longer than") -> str:
    minutes = limits["max_duration_s"] / 60
    most = f"{minutes:g} {'minute' if minutes == 1 else 'minutes'}"
    return f"{longer} {most}: cut the file or raise the limit"


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:120]
