"""The music detector: combs of decoder clocks, a small learned weighing, calibration, abstention."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from core import cards
from core.clip import Clip, Segment
from core.errors import WeightsError
from detector.calibration import HumanReference, LogisticCalibration, probability
from detector.music import comb, spectra
from detector.music.evidence import exhibits
from detector.music.families import SEPARATORS
from detector.music.features import COMB_FEATURES, Combs, Vector, comb_vector, measure
from detector.music.finding import Evidence, MusicFinding, Verdict
from detector.music.spectra import Block

CARD = Path(__file__).with_name("music.toml")
SHORTEST_S = 4.5
LOWEST_BAND_HZ = 4000.0
FALSE_ALARMS = 0.01
"""`synthetic` is said only where at most this share of human recordings looks as synthetic."""
LEAST_LLR = 1.0
BONA_FIDE_LLR = -0.5


@dataclass(frozen=True)
class MusicDetector:
    """Scores recordings for traces of a neural decoder.

    Attributes:
        weights: of the comb features, none negative, [COMB_FEATURES].
        bias: added to the weighted sum.
        calibration: from the sum to a likelihood ratio.
        reference: sums of human recordings, each from weights that had not seen its source.
        card: name and version of the weights.
    """

    weights: Vector
    bias: float
    calibration: LogisticCalibration
    reference: HumanReference
    card: str

    @classmethod
    def load(cls, card_path: Path = CARD) -> "MusicDetector":
        """Read the weights that ship with the package, or others by their card.

        Raises:
            WeightsError: a file is missing, damaged, or of another shape.
        """
        card, tensors = cards.load(card_path)
        expected = {"weights": (COMB_FEATURES,), "bias": (1,), "calibration": (2,)}
        found = {name: tuple(t.shape) for name, t in tensors.items() if name != "reference"}
        if found != expected or "reference" not in tensors:
            raise WeightsError(f"{card_path.name} does not hold a music detector: {sorted(tensors)}")
        slope, intercept = _numbers(tensors["calibration"])
        return cls(
            weights=np.array(_numbers(tensors["weights"])),
            bias=_numbers(tensors["bias"])[0],
            calibration=LogisticCalibration(slope, intercept),
            reference=HumanReference.of(_numbers(tensors["reference"])),
            card=f"{card.name} {card.version}",
        )

    def score(self, clip: Clip) -> MusicFinding:
        """Judge a recording.

        Deterministic: the same samples give the same finding on the same build. Memory beyond the clip itself
        stays constant but for about 1.2 MB per five seconds.

        Args:
            clip: audio at its own rate, [C, T].
        """
        if clip.duration_s < SHORTEST_S:
            return _unmeasured(f"shorter than {SHORTEST_S} s")
        limit_hz = spectra.limit_of(clip.sample_rate)
        parts = [
            spectra.analyse(samples, start, end, limit_hz)
            for start, end, samples in spectra.blocks(clip.wav, clip.sample_rate)
        ]
        whole = spectra.join(parts)
        if not whole.loud:
            return _unmeasured("silent")
        if whole.band_hz < LOWEST_BAND_HZ:
            return _unmeasured(f"no content above {whole.band_hz / 1000:.1f} kHz, at least 4 kHz are needed")
        combs = measure(whole)
        raw = self.raw(comb_vector(combs))
        segments = tuple(self._segment(part, combs) for part in parts if part.loud)
        return self._judge(raw, combs, segments)

    def raw(self, vector: Vector) -> float:
        """Weighted sum of comb features, before calibration."""
        return float(vector @ self.weights) + self.bias

    def _segment(self, part: Block, whole: Combs) -> Segment:
        """Score of a stretch; the open search is replaced by the spacing found in the whole recording."""
        rows = comb.normalised(part)
        found = tuple(
            comb.Open(comb.contrast(row, o.spacing_hz), o.spacing_hz)
            for row, o in zip(rows, whole.found, strict=True)
        )
        scores = np.stack([comb.contrasts(row) for row in rows])
        raw = self.raw(comb_vector(Combs(rows, scores, found, part.band_hz)))
        return Segment(part.start_s, part.end_s, self.calibration.probability(raw))

    def _judge(self, raw: float, combs: Combs, segments: tuple[Segment, ...]) -> MusicFinding:
        llr, p_value = self.calibration.llr(raw), self.reference.p_value(raw)
        families, evidence, _ = exhibits(combs)
        verdict: Verdict = "uncertain"
        reason: str | None = "the evidence does not decide"
        if p_value <= FALSE_ALARMS and llr >= LEAST_LLR:
            verdict, reason = "synthetic", None
        elif llr <= BONA_FIDE_LLR:
            verdict, reason = "bona_fide", None
        if families and families[0].name in SEPARATORS:
            verdict, reason = "uncertain", "the comb fits a separator, which processes human recordings"
        steady = sum(s.score > 0.5 for s in segments)
        text = f"{steady} of {len(segments)} stretches of about 5 s speak for a neural decoder"
        if families:
            data = {"synthetic": steady, "segments": len(segments)}
            evidence = (*evidence, Evidence("stationarity", text, data))
        return MusicFinding(probability(llr), llr, p_value, verdict, families, evidence, segments, reason)


def _unmeasured(reason: str) -> MusicFinding:
    return MusicFinding(None, None, None, "uncertain", (), (), (), f"not measured: {reason}")


def _numbers(tensor: Tensor) -> list[float]:
    return [float(v) for v in tensor.double().tolist()]
