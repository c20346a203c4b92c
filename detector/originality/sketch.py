"""A track's sketch: what is kept of it to be compared, some twenty kilobytes; no sound can be made of it."""

import io
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from torch import Tensor

from core.errors import InvalidInput
from detector.originality import chroma as pitch
from detector.originality import rhythm as beat
from detector.originality import structure as form
from detector.originality import timbre as colour
from detector.originality.frames import STEP_S, Array, frames
from detector.originality.loglag import Axis, autocorrelation
from detector.originality.measurable import Limits, why_not

FORMAT = 1
ROW_S = 2 * STEP_S
"""Time between two rows of pitch classes that are kept."""
OUTLINE = Axis(0.25, 130)
"""A quarter of a second to about twelve: lags at which a melody is compared with itself."""
DIMENSIONS = ("melody", "rhythm", "timbre", "structure")


@dataclass(frozen=True)
class Sketch:
    """What is kept of a track.

    Attributes:
        heard_s: how much of it was heard.
        reasons: why a dimension is not measurable, in the order of `DIMENSIONS`; empty where it is.
        rows: pitch classes, 0 to 255, every `ROW_S`, [R, 12].
        outline: their autocorrelation over time and transposition, [12, lags].
        rhythm: autocorrelation of the onsets of each band, [4, lags].
        rhythms: of all bands, of stretches, [W, lags].
        mean: of the cepstral coefficients, [K].
        covariance: theirs, [K, K].
        colours: means of stretches, [V, K].
        structure: likeness of parts, [pairs].
    """

    heard_s: float
    reasons: tuple[str, ...]
    rows: Array
    outline: Array
    rhythm: Array
    rhythms: Array
    mean: Array
    covariance: Array
    colours: Array
    structure: Array

    def reason(self, dimension: str) -> str:
        """Why a dimension is not measurable; empty where it is."""
        return self.reasons[DIMENSIONS.index(dimension)]

    def to_bytes(self) -> bytes:
        """As it is kept."""
        out = io.BytesIO()
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        np.savez_compressed(
            out, format=FORMAT, heard_s=self.heard_s, reasons=np.array(self.reasons, dtype=str), **arrays
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Sketch":
        """What `to_bytes` made.

        Raises:
            InvalidInput: it is damaged, or of another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as kept:
                if int(kept["format"]) != FORMAT:
                    raise ValueError("another format")
                arrays = {name: kept[name] for name in _ARRAYS}
                reasons = tuple(str(one) for one in kept["reasons"])
                made = cls(float(kept["heard_s"]), reasons, **arrays)
        except Exception as error:
            raise InvalidInput(f"not a sketch of a track: {error}; make it again") from error
        return made


_ARRAYS = [f.name for f in fields(Sketch) if f.name not in {"heard_s", "reasons"}]


def sketch(wav: Tensor, sample_rate: int) -> Sketch:
    """Make the sketch of a track.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz.
    """
    cut = frames(wav, sample_rate)
    tones, pulse, tint = pitch.chroma(cut.tones), beat.rhythm(cut.mel), colour.timbre(cut.mel)
    shape = form.structure(tones.classes, colour.cepstra(cut.mel))
    level = float(cut.mel.max())
    reasons = why_not(
        Limits(
            cut.heard_s,
            level,
            tint.frames,
            tones.steadiness,
            tones.change,
            pulse.pulse,
            pulse.onsets_per_s,
            shape.harmonies,
            shape.colours,
        )
    )
    centred = tones.classes - tones.classes.mean(0)
    even = len(tones.classes) // 2 * 2
    rows = tones.classes[:even].reshape(-1, 2, pitch.CLASSES).mean(1)
    return Sketch(
        cut.heard_s,
        reasons,
        np.asarray(np.round(255 * rows), np.uint8),
        _half(autocorrelation(centred, STEP_S, OUTLINE)),
        _half(pulse.whole),
        _half(pulse.windows),
        tint.mean,
        tint.covariance,
        _half(tint.windows),
        _half(shape.likeness),
    )


def _half(values: Array) -> Array:
    return np.asarray(values, np.float16)
