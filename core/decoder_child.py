"""The decoding process: reads hostile bytes so that the rest of Trackmark does not have to.

Started once by `core.decode` (PyAV and NumPy, no torch), it forks a fresh, sandboxed child for
every file: start-up is paid once, and nothing that one file does to its child reaches the next.
A child gets two descriptors, the file and a pipe, and answers with messages
`tag, length (u32 little-endian), body`:

    H  JSON: container, codec, bit_rate, sample_rate, channels
    B  samples, float32 planar [C, n]
    E  JSON: truncated
    X  JSON: kind (a class of core.errors), message
"""

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import av
import av.logging
import numpy as np
from numpy.typing import NDArray

from core.sandbox import limit_resources, refuse_system_calls

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
DAMAGED_PACKETS = 0.2
"""Share of undecodable packets beyond which a file is noise that looked like audio by chance."""

Samples = NDArray[np.float32]


class Refusal(Exception):
    """The file is not accepted; `kind` names a class of core.errors."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def serve(control: socket.socket) -> None:
    """Fork one child per request until the parent goes away.

    A request is one message of JSON (the limits) with two descriptors: file and pipe.
    """
    control.sendall(b"r")
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
        if not request:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            control.close()
            _child(descriptors[0], descriptors[1], json.loads(request))
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(b"f")


def _child(file: int, pipe: int, limits: dict[str, Any]) -> NoReturn:
    """Decode one file in the sandbox and leave."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        limit_resources(memory_bytes=limits["memory_bytes"], seconds=limits["timeout_s"])
        refuse_system_calls()
        with os.fdopen(file, "rb", closefd=False) as source:
            for tag, body in decode_messages(source, limits):
                _send(pipe, tag, body)
    except Refusal as refusal:
        _refuse(pipe, refusal.kind, str(refusal))
    except MemoryError:
        _refuse(
            pipe, "AudioTooLarge", "decoding needs more memory than allowed: the file is damaged or hostile"
        )
    except Exception as error:
        _refuse(pipe, "UnreadableAudio", f"the decoder failed on it ({type(error).__name__}: {error})")
    finally:
        os._exit(0)


def _send(pipe: int, tag: bytes, body: bytes) -> None:
    view = memoryview(tag + struct.pack("<I", len(body)) + body)
    while view:
        view = view[os.write(pipe, view) :]


def _refuse(pipe: int, kind: str, message: str) -> None:
    _send(pipe, b"X", json.dumps({"kind": kind, "message": message[:500]}).encode())


def decode_messages(source: Any, limits: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Decode an open file to the messages described above, in bounded memory.

    Args:
        source: readable, seekable binary file.
        limits: fields of `core.decode.Limits`.

    Raises:
        Refusal: the file is not accepted.
    """
    cut_off = _riff_cut_off(source)
    try:
        container = av.open(
            source,
            "r",
            metadata_errors="ignore",
            container_options={
                "format_whitelist": DEMUXERS,
                "codec_whitelist": ",".join(sorted(DECODERS)),
                "protocol_whitelist": "none",
                "max_streams": "32",
            },
        )
    except (av.FFmpegError, ValueError) as error:
        raise Refusal("UnreadableAudio", f"not a readable audio file ({_reason(error)})") from error
    with container:
        stream = _audio_stream(container)
        declared_s, plausible_s = _declared_seconds(container, stream)
        if plausible_s > limits["max_duration_s"]:
            raise Refusal("AudioTooLarge", _too_long(limits))
        count, head, truncated = 0, None, False
        parts: list[Samples] = []
        for samples, rate, damaged in _frames(container, stream):
            truncated |= damaged
            if samples is None:
                continue
            if head is None:
                head = _header(container, stream, rate, len(samples), limits)
                yield b"H", json.dumps(head).encode()
            if (rate, len(samples)) != (head["sample_rate"], head["channels"]):
                raise Refusal("UnreadableAudio", "the sample rate or channel count changes within the file")
            count += samples.shape[1]
            if count > limits["max_duration_s"] * rate:
                raise Refusal("AudioTooLarge", _too_long(limits))
            if count * len(samples) * 4 > limits["max_decoded_bytes"]:
                raise Refusal(
                    "AudioTooLarge", "decodes to more samples than allowed: split the file or mix it down"
                )
            parts.append(samples)
            if sum(part.shape[1] for part in parts) >= BLOCK:
                yield b"B", np.concatenate(parts, axis=1).tobytes()
                parts = []
        if head is None or count == 0:
            raise Refusal("EmptyAudio", "the file holds no samples: check the export that made it")
        if parts:
            yield b"B", np.concatenate(parts, axis=1).tobytes()
        short = count / head["sample_rate"] < 0.98 * declared_s - 0.25
        yield b"E", json.dumps({"truncated": truncated or short or cut_off}).encode()


def _riff_cut_off(source: Any) -> bool:
    """Whether a RIFF header promises more bytes than there are (FFmpeg corrects it in silence).

    Zero and all ones mean "unknown" in files that were written to a pipe.
    """
    head = source.read(8)
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    stated = int.from_bytes(head[4:8], "little")
    return head[:4] == b"RIFF" and stated < 0xFFFFFFFF - 64 and stated + 8 > size + 1


def _audio_stream(container: Any) -> Any:
    if not container.streams.audio:
        raise Refusal("UnreadableAudio", "the file holds no audio track")
    stream = container.streams.audio[0]
    name = stream.codec_context.name if stream.codec_context else "unknown"
    if name not in DECODERS:
        raise Refusal("UnsupportedAudio", f"codec {name} is not accepted: convert to WAV or FLAC")
    stream.thread_type = "NONE"
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


def _frames(container: Any, stream: Any) -> Iterator[tuple[Samples | None, int, bool]]:
    """Decoded frames as (samples [C, n], rate, damaged); damaged packets yield (None, 0, True)."""
    packets, damaged, decoded = 0, 0, 0
    source = container.demux(stream)
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
            yield None, 0, True
            continue
        for frame in frames:
            decoded += 1
            yield _samples(frame), frame.sample_rate, False
    if damaged and not decoded:
        raise Refusal("UnreadableAudio", "not a readable audio file (no part of it decodes)")


def _samples(frame: Any) -> Samples:
    """Planar float samples of one frame, [C, n]: integers scaled so that full scale is 1."""
    raw: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        raw = raw.reshape(-1, frame.layout.nb_channels).T
    if raw.dtype == np.uint8:
        return np.asarray((raw.astype(np.float32) - 128.0) / 128.0)
    if raw.dtype.kind == "i":
        return np.asarray(raw / float(1 << (8 * raw.dtype.itemsize - 1)), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(raw, dtype=np.float32)


def _declared_seconds(container: Any, stream: Any) -> tuple[float, float]:
    """Length according to the container, and the same capped by what its bytes can hold (PCM)."""
    declared = float(stream.duration * stream.time_base) if stream.duration else 0.0
    declared = declared or (container.duration or 0) / av.time_base
    context = stream.codec_context
    if context.name.startswith("pcm_") and context.bit_rate and container.size > 0:
        return declared, min(declared, 8 * container.size / context.bit_rate)
    return declared, declared


def _too_long(limits: dict[str, Any]) -> str:
    return f"longer than {limits['max_duration_s'] / 60:g} minutes: cut the file or raise the limit"


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:120]


def main() -> None:
    """Serve on the control socket whose descriptor is the first argument."""
    av.logging.set_level(None)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # nothing can be imported inside the sandbox
    serve(socket.socket(fileno=int(sys.argv[1])))
