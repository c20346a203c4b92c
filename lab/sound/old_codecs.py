"""Codecs of telephones, headsets and old players, for music: each really encodes and decodes.

FFmpeg's encoders inside PyAV, NUT as the container where it knows them. Their frames run at exact clocks
too: AMR at 50 Hz, G.723.1 at 33.3 Hz, and their decoders excite filters by pulses.
"""

import io
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import EncodeError
from core.resample import resample

BLOCK = 4096


@dataclass(frozen=True)
class OldCodec:
    """How one encoder is driven.

    Attributes:
        encoder: FFmpeg's name.
        sample_format: that it takes.
        rate: that it runs at, in Hz.
        bit_rate: in bit/s; 0 leaves it to the encoder.
        container: FFmpeg's name of the muxer, which also reads it back.
    """

    encoder: str
    sample_format: str
    rate: int
    bit_rate: int = 0
    container: str = "nut"


OLD_CODECS = {
    "AMR 12.2": OldCodec("libopencore_amrnb", "s16", 8000, 12200),
    "AMR 4.75": OldCodec("libopencore_amrnb", "s16", 8000, 4750),
    "G.722": OldCodec("g722", "s16", 16000),
    "G.723.1 6.3": OldCodec("g723_1", "s16", 8000, 6300),
    "SBC 200": OldCodec("sbc", "s16", 44100, 200_000, "sbc"),
    "aptX": OldCodec("aptx", "s32p", 44100, 0, "aptx"),
    "Nellymoser 44": OldCodec("nellymoser", "flt", 44100, 0, "flv"),
    "WMA 64": OldCodec("wmav2", "fltp", 44100, 64_000, "asf"),
    "AC-3 64": OldCodec("ac3", "fltp", 44100, 64_000),
    "MP2 64": OldCodec("mp2", "s16", 44100, 64_000),
    "IMA ADPCM": OldCodec("adpcm_ima_wav", "s16p", 22050, 0, "wav"),
    "Microsoft ADPCM": OldCodec("adpcm_ms", "s16", 22050),
    "mu-law 8 kHz": OldCodec("pcm_mulaw", "s16", 8000),
}


def through_old_codec(wav: Tensor, sample_rate: int, codec: OldCodec) -> Tensor:
    """Send audio through a codec and back.

    Args:
        wav: audio, [C, T]; it becomes mono (stereo for aptX).
        sample_rate: in Hz.
        codec: how it is coded.

    Returns:
        Audio at `sample_rate`, [1, T'], not aligned: the codec's delay and padding stay.

    Raises:
        EncodeError: nothing came back, or something of another level.
    """
    mono = resample(wav.mean(0, keepdim=True), sample_rate, codec.rate).numpy()[0]
    channels = 2 if codec.encoder == "aptx" else 1
    buffer = io.BytesIO()
    try:
        with av.open(buffer, "w", format=codec.container) as container:
            stream: Any = container.add_stream(codec.encoder, rate=codec.rate)
            stream.layout = "stereo" if channels == 2 else "mono"
            stream.format = codec.sample_format
            if codec.bit_rate:
                stream.bit_rate = codec.bit_rate
            for start in range(0, mono.size, BLOCK):
                frame = _frame(mono[start : start + BLOCK], codec, channels)
                frame.pts = start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        buffer.seek(0)
        blocks: list[NDArray[Any]] = []
        with av.open(buffer, format=codec.container) as container:
            resampler = av.AudioResampler(format="fltp", layout="mono")
            for decoded in container.decode(audio=0):
                blocks.extend(part.to_ndarray() for part in resampler.resample(decoded))
    except av.FFmpegError as error:
        raise EncodeError(f"{codec.encoder} failed: {error}") from error
    back = np.concatenate(blocks, axis=1) if blocks else np.zeros((1, 0), np.float32)
    level = float(np.sqrt(np.mean(back**2) / (np.mean(mono**2) + 1e-12))) if back.size else 0.0
    if abs(back.shape[1] / mono.size - 1) > 0.05 or not 0.25 < level < 4.0:
        raise EncodeError(
            f"{codec.encoder} returned {back.shape[1]} samples for {mono.size}, level {level:.2f}"
        )
    return resample(torch.from_numpy(np.ascontiguousarray(back, np.float32)), codec.rate, sample_rate)


def _frame(samples: NDArray[np.float32], codec: OldCodec, channels: int) -> av.AudioFrame:
    planar = np.repeat(samples[None], channels, 0)
    form = codec.sample_format
    if form.startswith("s"):
        scale, kind = (1 << 15, np.int16) if form.startswith("s16") else (1 << 31, np.int32)
        whole: NDArray[Any] = np.clip(planar.astype(np.float64) * scale, -scale, scale - 1).astype(kind)
    else:
        whole = planar
    if not form.endswith("p"):
        whole = whole.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(whole), format=form, layout="stereo" if channels == 2 else "mono"
    )
    frame.sample_rate = codec.rate
    return frame
