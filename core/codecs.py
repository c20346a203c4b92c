"""The audio formats that Trackmark writes: one table, one writer.

PyAV (FFmpeg inside the wheel) for all but Vorbis, which libsndfile writes.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import av
import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.blocks import pieces
from core.counted import counted
from core.errors import EncodeError
from core.layouts import channels_of, vorbis_order, written
from core.resample import resample

Codec = Literal["wav", "flac", "mp3", "aac", "opus", "vorbis"]
Bits = Literal[16, 24, -32]
Samples = NDArray[np.float32]

BLOCK = 65536
"""Samples handed to an encoder at once (PyAV cuts them into codec frames)."""

_VORBIS_LOWEST = 64_000
_VORBIS_STEP = 19_200
"""Nominal bit rate of libvorbis on 44.1 kHz stereo at quality 0, and about what each tenth adds."""


@dataclass(frozen=True)
class _Format:
    """How one codec is written: muxer, encoder, sample format, accepted rates (Hz)."""

    muxer: str
    encoder: str
    sample_format: str
    rates: tuple[int, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    channels: int = 8
    muxer_options: tuple[tuple[str, str], ...] = ()


_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_FORMATS: dict[str, _Format] = {
    "wav": _Format("wav", "pcm_s24le", "s32", muxer_options=(("rf64", "auto"),)),  # RF64 beyond 4 GiB
    "flac": _Format("flac", "flac", "s32", options=(("compression_level", "5"),)),
    "mp3": _Format("mp3", "libmp3lame", "fltp", _MP3_RATES, channels=2),
    "aac": _Format("ipod", "aac", "fltp", (*_MP3_RATES, 64000, 88200, 96000)),
    "opus": _Format("ogg", "libopus", "flt", (48000,), (("vbr", "constrained"),)),
    # libvorbis by libsndfile: FFmpeg's own Vorbis encoder aborts the process on some music.
    "vorbis": _Format("ogg", "libvorbis", "fltp", channels=8),
}


@dataclass(frozen=True)
class Sound:
    """How samples are to be written.

    Attributes:
        rate: in Hz, one that the codec knows.
        layout: which channel is which; one that the codec can say, unless it writes them `unnamed`.
        codec, bit_rate, bits: as in `core.encode.encode`.
    """

    rate: int
    layout: str
    codec: str
    bit_rate: int | None
    bits: int
    unnamed: bool = False
    chapters: Sequence[tuple[float, float, str]] = ()


def write(
    file: Any,
    blocks: Iterable[Tensor],
    sample_rate: int,
    codec: str,
    bit_rate: int | None,
    bits: int,
    layout: str | None = None,
    chapters: Sequence[tuple[float, float, str]] = (),
) -> int:
    """Encode blocks of audio, [C, any length] each, into an open, seekable binary file.

    Arguments, result and errors as in `core.encode.encode`, and `OSError` where the file cannot be written.
    """
    if codec not in _FORMATS:
        raise EncodeError(f"unknown codec {codec!r}: use one of {', '.join(_FORMATS)}")
    form = _FORMATS[codec]
    rate = _coded_rate(sample_rate, form.rates)
    parts = _at_rate((_checked(block, form.channels, codec) for block in blocks), sample_rate, rate)
    first = next(parts, None)
    if first is None:
        raise EncodeError("there is nothing to encode: give audio of at least one sample")
    overs = Overs()
    samples = overs.counted(itertools.chain([first], parts))
    how = written(layout, len(first), codec)
    sound = Sound(rate, how.layout, codec, bit_rate, bits, how.unnamed, chapters)
    target = _Target(file, raises=codec != "vorbis")
    try:
        if codec == "vorbis":
            _write_vorbis(target, samples, sound)
        else:
            _write_av(target, samples, sound)
    except (av.FFmpegError, soundfile.LibsndfileError, ValueError, RuntimeError) as error:
        if target.error is not None:
            raise target.error from error
        raise EncodeError(f"the {codec} encoder refused {rate} Hz, {bit_rate} bit/s: {error}") from error
    if target.error is not None:
        raise target.error
    return overs.count if codec in ("wav", "flac") and bits > 0 else 0


class _Target:
    """A file that remembers why it could not be written: the libraries that write to it do not.

    After that it takes no more: the libraries go on to finish what they began, and complain aloud.

    Args:
        file: the file.
        raises: whether `write` raises, too; libsndfile calls it where nothing can be raised.
    """

    def __init__(self, file: Any, *, raises: bool) -> None:
        self._file = file
        self._raises = raises
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: Any) -> int:
        """Write bytes; returns how many."""
        if self.error is not None:
            return len(data) if self._raises else 0
        try:
            return int(self._file.write(data))
        except OSError as error:
            self.error = error
            if self._raises:
                raise
            return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, which may write what is buffered; returns the place."""
        if self.error is not None:
            return offset
        try:
            return int(self._file.seek(offset, whence))
        except OSError as error:
            self.error = error
            return offset


class Overs:
    """Counts samples beyond full scale on their way; integer formats cut them off."""

    def __init__(self) -> None:
        self.count = 0

    def counted(self, parts: Iterable[Samples]) -> Iterator[Samples]:
        """The same blocks."""
        for part in parts:
            self.count += int(np.count_nonzero(np.abs(part) > 1.0))
            yield part


def _at_rate(parts: Iterable[Samples], sample_rate: int, rate: int) -> Iterator[Samples]:
    """Blocks of at most `BLOCK` samples at the codec's rate; pieces are resampled with their surroundings."""
    if rate == sample_rate:
        yield from (part[:, n : n + BLOCK] for part in parts for n in range(0, part.shape[1], BLOCK))
        return
    # ten and one seconds are whole numbers of samples at both rates
    for piece in pieces((torch.from_numpy(part) for part in parts), 10 * sample_rate, sample_rate):
        first = -(-piece.first * rate // sample_rate)
        last = -(-piece.last * rate // sample_rate)
        done = resample(piece.wav, sample_rate, rate)[:, first:last].numpy()
        yield from (done[:, n : n + BLOCK] for n in range(0, done.shape[1], BLOCK))


def _write_av(file: Any, samples: Iterable[Samples], sound: Sound) -> None:
    form = _FORMATS[sound.codec]
    encoder, sample_format = _encoder(form, sound)
    options = dict(form.options)
    if sound.codec == "opus" and len(channels_of(sound.layout) or ()) > 2:
        # without it, libopus takes the channels of some layouts for others
        options["mapping_family"] = "255" if sound.unnamed else "1"
    if sound.codec == "flac" and sound.bits == 24:
        options["bits_per_raw_sample"] = "24"
    with av.open(file, "w", format=form.muxer, options=dict(form.muxer_options)) as container:
        stream: Any = container.add_stream(encoder, rate=sound.rate, options=options)
        stream.layout = sound.layout
        stream.format = sample_format
        if sound.bit_rate is not None and sound.codec not in ("wav", "flac"):
            stream.bit_rate = sound.bit_rate
        if sound.codec == "aac" and sound.chapters:
            container.set_chapters([_chapter(number, *one) for number, one in enumerate(sound.chapters)])
        start = 0
        for block in samples:
            frame = _frame(block, sample_format, sound)
            frame.pts = start
            container.mux(stream.encode(frame))
            start += block.shape[1]
        container.mux(stream.encode(None))


def _chapter(number: int, start_s: float, end_s: float, title: str) -> Any:
    times = {"start": round(1000 * start_s), "end": round(1000 * end_s), "time_base": Fraction(1, 1000)}
    return {"id": number, **times, "metadata": {"title": title}}


def _encoder(form: _Format, sound: Sound) -> tuple[str, str]:
    if sound.codec == "wav" and sound.bits == -32:
        return "pcm_f32le", "flt"
    if sound.codec in ("wav", "flac") and sound.bits == 16:
        return ("pcm_s16le" if sound.codec == "wav" else "flac"), "s16"
    return form.encoder, form.sample_format


def _write_vorbis(file: Any, samples: Iterable[Samples], sound: Sound) -> None:
    """Ogg Vorbis; libvorbis knows qualities, not bit rates: the one that comes nearest on music."""
    order = vorbis_order(sound.layout)
    quality, channels = 0.4, len(order)
    if sound.bit_rate is not None:
        as_stereo = sound.bit_rate * 88_200 / (sound.rate * channels)
        quality = min(1.0, max(0.0, (as_stereo - _VORBIS_LOWEST) / _VORBIS_STEP / 10.0))
    with soundfile.SoundFile(
        file, "w", sound.rate, channels, "VORBIS", format="OGG", compression_level=1.0 - quality
    ) as out:
        for block in samples:  # small blocks only: libsndfile keeps a whole write on its stack
            out.write(block[order].T)


def _checked(wav: Tensor, most_channels: int, codec: str) -> Samples:
    """The samples as a contiguous array, [C, T], or the reason why they cannot be encoded."""
    if wav.ndim != 2 or wav.shape[0] == 0 or wav.shape[1] == 0:
        raise EncodeError(f"there is nothing to encode in audio of shape {tuple(wav.shape)}: give [C, T]")
    if wav.shape[0] > most_channels:
        raise EncodeError(
            f"{codec} takes at most {counted(most_channels, 'channel')}, not {wav.shape[0]}: mix down first"
        )
    if not bool(torch.isfinite(wav).all()):
        raise EncodeError("the audio holds samples that are not finite numbers")
    return np.ascontiguousarray(wav.detach().cpu().numpy(), dtype=np.float32)


def _coded_rate(sample_rate: int, known: tuple[int, ...]) -> int:
    """The rate that the codec will run at: the given one, else the next higher, else the highest."""
    if not known or sample_rate in known:
        return sample_rate
    return min((rate for rate in known if rate > sample_rate), default=known[-1])


def _frame(samples: Samples, sample_format: str, sound: Sound) -> av.AudioFrame:
    """A PyAV frame from planar float samples, [C, T], interleaved.

    The encoder's planes are filled by PyAV from it: filling nine or more pointers itself, PyAV 18.1 fails.
    """
    packed: NDArray[Any]
    if sample_format in ("s16", "s32"):
        # 24-bit samples live in the upper bytes of s32.
        scale, step = (1 << 15, 1) if sample_format == "s16" else (1 << 23, 1 << 8)
        whole = np.clip(np.rint(samples.astype(np.float64) * scale), -scale, scale - 1).astype(np.int64)
        packed, kind = (whole * step).astype(np.int16 if sample_format == "s16" else np.int32), sample_format
    else:
        packed, kind = samples, "flt"
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(packed.T.reshape(1, -1)), format=kind, layout=sound.layout
    )
    frame.sample_rate = sound.rate
    return frame
