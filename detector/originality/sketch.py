"""A track's sketch: what is kept of it to be compared, some twenty kilobytes; no sound can be made of it."""

import io
from dataclasses import dataclass, fields
from typing import Any, Self

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
class Parts:
    """What of a sketch tells where two tracks are alike, and how their melodies are.

    Attributes:
        heard_s: how much of the track was heard.
        rows: pitch classes, 0 to 255, every `ROW_S`, [R, 12].
        rhythms: autocorrelation of the onsets of all bands, of stretches, [W, lags].
        colours: means of the cepstral coefficients of stretches, [V, K].
    """

    heard_s: float
    rows: Array
    rhythms: Array
    colours: Array

    def to_bytes(self) -> bytes:
        """As it is kept."""
        out = io.BytesIO()
        arrays: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        np.savez_compressed(out, format=FORMAT, **arrays)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` made.

        Raises:
            InvalidInput: it is damaged, or of another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as kept:
                if int(kept["format"]) != FORMAT:
                    raise ValueError("another format")
                return cls(**{f.name: _plain(kept[f.name]) for f in fields(cls)})
        except Exception as error:
            raise InvalidInput(f"not a sketch of a track: {error}; make it again") from error


@dataclass(frozen=True)
class Sketch(Parts):
    """What is kept of a track.

    Attributes:
        reasons: why a dimension is not measurable, in the order of `DIMENSIONS`; empty where it is.
        outline: autocorrelation of the pitch classes over time and transposition, [12, lags].
        rhythm: autocorrelation of the onsets of each band, [4, lags].
        mean: of the cepstral coefficients, [K].
        covariance: theirs, [K, K].
        structure: likeness of parts, [pairs].
    """

    reasons: tuple[str, ...]
    outline: Array
    rhythm: Array
    mean: Array
    covariance: Array
    structure: Array

    def reason(self, dimension: str) -> str:
        """Why a dimension is not measurable; empty where it is."""
        return self.reasons[DIMENSIONS.index(dimension)]

    @property
    def parts(self) -> Parts:
        """Without what is compared of the whole."""
        return Parts(self.heard_s, self.rows, self.rhythms, self.colours)


def _plain(kept: Any) -> Any:
    """A field as it was before it was kept: a number, texts, or an array."""
    if kept.dtype.kind == "U":
        return tuple(str(one) for one in kept)
    return kept if kept.ndim else float(kept)


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
        heard_s=cut.heard_s,
        rows=np.asarray(np.round(255 * rows), np.uint8),
        rhythms=_half(pulse.windows),
        colours=_half(tint.windows),
        reasons=reasons,
        outline=_half(autocorrelation(centred, STEP_S, OUTLINE)),
        rhythm=_half(pulse.whole),
        mean=tint.mean,
        covariance=tint.covariance,
        structure=_half(shape.likeness),
    )


def _half(values: Array) -> Array:
    return np.asarray(values, np.float16)
