"""What a reviewer sees and hears of an audited file: outline, spectrogram, and a copy to listen to."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.report.picture import FLOOR_DB, QUICKLY, envelope, spectrogram_db
from api.report.spectrum import top_hz
from core.clip import Clip
from core.downmix import downmix
from core.encode import encode
from core.files import replacing
from core.resample import resample

PEAKS = 1200
LISTENING_HZ = 44_100
LISTENING_BIT_RATE = 128_000


def outline(clip: Clip) -> dict[str, Any]:
    """The waveform of the channels' mean: lowest and highest sample of `PEAKS` stretches, in [-1, 1]."""
    low, high = envelope(downmix(clip.wav).numpy(), PEAKS)
    return {"duration_s": round(clip.duration_s, 3), "low": _short(low), "high": _short(high)}


def draw_spectrogram(clip: Clip, path: Path) -> None:
    """Write the spectrogram as a bare PNG: time from left to right, from 0 Hz up to `top_hz`."""
    from matplotlib.image import imsave

    levels = spectrogram_db(downmix(clip.wav).numpy(), clip.sample_rate, top_hz(clip.sample_rate))
    with replacing(path) as part:
        imsave(
            part,
            levels,
            origin="lower",
            cmap="cividis",
            vmin=FLOOR_DB,
            vmax=0,
            format="png",
            pil_kwargs=QUICKLY,
        )


def write_listening_copy(clip: Clip, path: Path) -> None:
    """Write an MP3 that every browser plays, so that no browser has to parse a stranger's file.

    Of more than two channels their mean is heard.

    Raises:
        EncodeError: the encoder or the disk failed.
    """
    wav = clip.wav if clip.wav.shape[0] <= 2 else downmix(clip.wav)[None]
    wav = resample(wav, clip.sample_rate, LISTENING_HZ).clamp(-1, 1)
    encode(wav, LISTENING_HZ, path, codec="mp3", bit_rate=LISTENING_BIT_RATE)


def _short(samples: NDArray[np.float32]) -> list[float]:
    return [round(float(sample), 3) for sample in np.clip(samples, -1, 1)]
