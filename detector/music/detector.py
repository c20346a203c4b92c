"""The music detector: combs of decoder clocks, a small learned weighing, calibration, abstention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from core import cards
from core.clip import Clip, Segment
from core.errors import WeightsError
from detector.calibration import GroupedReference, LogisticCalibration, Rank, probability
from detector.decoders import SEPARATORS
from detector.music import guards, local, performance, spectra
from detector.music.evidence import CLEAR_Z, exhibits
from detector.music.features import (
    COMB_FEATURES,
    Combs,
    Vector,
    best_scores,
    comb_vector,
    joined,
    limit,
    measure,
)
from detector.music.finding import Evidence, MusicFinding, Proposition, Reservations
from detector.music.groups import group_of
from detector.music.looks import AS_IT_IS, View, joint_llr, moved_edges, sharpened, views
from detector.music.misses import Miss, misses
from detector.music.performance import PerformanceModel
from detector.music.propositions import composition_proposition
from detector.music.spectra import Block
from detector.music.verdict import LEAST_LLR, decide

CARD = Path(__file__).with_name("music.toml")
SHORTEST_S = 4.5
LOWEST_BAND_HZ = 4000.0


@dataclass(frozen=True)
class Measured:
    """A recording measured but not yet judged.

    Attributes:
        raw: its scores, joined.
        group: human recordings that it compares with.
        combs: what was found in the whole.
        segments: scores of its loud stretches.
        playing: log10 likelihood ratio of the way it is played; None where it is too short.
        objection: what else explains its comb (see `guards`); asked only where the score alone would accuse.
        misses: how often known generators leave no trace in a recording like it.
    """

    raw: float
    group: str
    combs: Combs
    segments: tuple[Segment, ...]
    playing: float | None
    objection: str | None
    misses: tuple[Miss, ...] = ()


@dataclass(frozen=True)
class MusicDetector:
    """Scores recordings for traces of a neural decoder.

    Attributes:
        weights: of the scores: one over what nine in ten human recordings stay below, [COMB_FEATURES].
        calibration: from the joined score to a likelihood ratio.
        segment_calibration: the same for stretches of five seconds.
        reference: scores of human recordings, each from weights that had not seen its source.
        performance: the weak measure of how music is played.
        generated: scores of generated recordings, each from weights that had not seen its generator, [N].
        card: name and version of the weights.
        weights_sha256: digest of the weights' file.
        metrics: figures that the lab measured with these weights, by name.
        origin: what the calibration rests on: `shipped`, or `local` and a digest.
    """

    weights: Vector
    calibration: LogisticCalibration
    segment_calibration: LogisticCalibration
    reference: GroupedReference
    generated: Vector
    performance: PerformanceModel
    card: str
    weights_sha256: str
    origin: str = "shipped"
    metrics: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, card_path: Path = CARD, calibration: Path | None = None) -> "MusicDetector":
        """Read the weights that ship with the package, or others by their card.

        Args:
            card_path: of the weights.
            calibration: a local calibration (see `detector.music.local`) to judge by.

        Raises:
            WeightsError: a file is missing, damaged, or of another shape; or the calibration was made with
                other weights.
        """
        card, tensors = cards.load(card_path)
        lists = ("reference", "reference_group", "generated")
        expected = {
            "weights": (COMB_FEATURES,),
            "calibration": (2,),
            "segment_calibration": (2,),
            "performance": (3, len(performance.FEATURES)),
            "performance_calibration": (2,),
        }
        found = {name: tuple(t.shape) for name, t in tensors.items() if name not in lists}
        names = [str(name) for name in card.config.get("groups", ())]
        if found != expected or not set(lists) <= tensors.keys() or not names:
            raise WeightsError(f"{card_path.name} does not hold a music detector: {sorted(tensors)}")
        groups = [names[int(k)] for k in tensors["reference_group"].tolist()]
        played = [np.array(_numbers(row)) for row in tensors["performance"]]
        detector = cls(
            weights=np.array(_numbers(tensors["weights"])),
            calibration=LogisticCalibration(*_numbers(tensors["calibration"])),
            segment_calibration=LogisticCalibration(*_numbers(tensors["segment_calibration"])),
            reference=GroupedReference.of(_numbers(tensors["reference"]), groups),
            generated=np.array(_numbers(tensors["generated"])),
            performance=PerformanceModel(
                mean=played[0],
                spread=played[1],
                weights=played[2],
                calibration=LogisticCalibration(*_numbers(tensors["performance_calibration"])),
            ),
            card=f"{card.name} {card.version}",
            weights_sha256=card.sha256,
            metrics=card.metrics,
        )
        return detector if calibration is None else detector.calibrated(local.read(calibration))

    def calibrated(self, own: local.LocalCalibration) -> "MusicDetector":
        """The same weights, judged against a user's own human recordings.

        Raises:
            WeightsError: the calibration belongs to other weights.
        """
        if own.weights_sha256 != self.weights_sha256:
            raise WeightsError(
                "the local calibration was made with other weights: run `trackmark calibrate` again"
            )
        scores = np.concatenate([np.array(own.scores), self.generated])
        truth = np.repeat([0, 1], [len(own.scores), self.generated.size])
        return replace(
            self,
            calibration=LogisticCalibration.fit(scores, truth),
            reference=own.reference,
            origin=f"local sha256:{own.digest}",
        )

    def score(self, clip: Clip, ratios: Sequence[float] = ()) -> MusicFinding:
        """Judge a recording by all looks that are worth their price (see `detector.music.looks`).

        Deterministic: the same samples give the same finding on the same build. Memory does not grow with the
        clip.

        Args:
            clip: audio at its own rate, [C, T].
            ratios: by which its frequencies are known to be raised, told by fingerprint or mark.
        """
        first = self.measure(clip)
        if isinstance(first, str):
            return _unmeasured(first, self._basis())
        looks = [(AS_IT_IS, first)]
        told = [sharpened(ratio, first.combs.found) for ratio in ratios]
        for view in views(clip, (*told, *moved_edges(first.combs.spectrum))):
            heard = self._look(clip, view)
            if heard is not None:
                looks.append((view, heard))
        return self._judge(looks)

    def _look(self, clip: Clip, view: View) -> Measured | None:
        """A further look, screened first, in full where it would accuse; None where nothing is heard."""
        sample = view.sample_of(clip)
        found = self.measure(sample, view.ratio)
        in_part = sample.wav.shape[-1] < clip.wav.shape[-1]
        if in_part and not isinstance(found, str) and self.calibration.llr(found.raw) >= LEAST_LLR:
            found = self.measure(view.of(clip), view.ratio)
        if isinstance(found, str):
            return None
        return replace(found, segments=view.in_file(found.segments))

    def measure(self, clip: Clip, ratio: float = 1.0) -> Measured | str:
        """Measure a recording's downmix without judging it; a text says why it cannot be measured.

        Args:
            clip: audio at its own rate, [C, T].
            ratio: by which its frequencies were raised: they are measured as they were before, and times are
                those of a recording played so.
        """
        if clip.duration_s < SHORTEST_S:
            return f"shorter than {SHORTEST_S} s"
        whole, parts = spectra.survey(clip.wav, clip.sample_rate / ratio)
        if not whole.loud:
            return "silent"
        if whole.band_hz < LOWEST_BAND_HZ:
            return f"no content above {whole.band_hz / 1000:.1f} kHz, at least 4 kHz are needed"
        combs = measure(whole)
        loud = [part for part in parts if part.loud]
        stretches = []
        for part in loud:
            stretches.append(best_scores(measure(part, combs)))
            spectra.let_go(part)
        segments = tuple(map(self._segment, loud, stretches))
        playing = None
        if clip.duration_s >= performance.SHORTEST_S:
            playing = self.performance.llr(performance.describe(clip.wav, clip.sample_rate))
        group = group_of(whole.band_hz, clip.duration_s)
        raw = self.raw(comb_vector(combs, stretches))
        objection = None
        if self.calibration.llr(raw) >= LEAST_LLR:
            heard = guards.shares(clip.wav, clip.sample_rate / ratio, guards.candidates(combs))
            objection = guards.objection(heard, bank=guards.filter_bank(combs))
        alike = misses(
            self.metrics, duration_s=clip.duration_s, band_hz=whole.band_hz, codec=clip.source.codec
        )
        return Measured(raw, group, combs, segments, playing, objection, alike)

    def raw(self, vector: Vector) -> float:
        """The scores joined, before calibration."""
        return float(joined(vector, self.weights))

    def _basis(self) -> str:
        return f"{self.card}, {self.origin}"

    def _segment(self, part: Block, scores: Vector) -> Segment:
        """Score of a stretch, measured at the spacing found in the whole recording."""
        raw = self.raw(limit(scores))
        return Segment(part.start_s, part.end_s, self.segment_calibration.probability(raw))

    def _judge(self, looks: Sequence[tuple[View, Measured]]) -> MusicFinding:
        ratios = [self.calibration.llr(heard.raw) for _, heard in looks]

        def weight(number: int) -> tuple[bool, float]:
            heard = looks[number][1]
            return heard.objection is None and ratios[number] >= LEAST_LLR, heard.raw

        view, measured = looks[max(range(len(looks)), key=weight)]
        llr = joint_llr(ratios)
        rank: Rank = self.reference.rank(measured.raw, measured.group, looks=len(looks))
        families, evidence, _ = exhibits(measured.combs)
        held = Reservations(
            clear=any(heard.combs.known_z >= CLEAR_Z for _, heard in looks),
            separator=bool(families) and families[0].name in SEPARATORS,
            objection=measured.objection,
        )
        segments = measured.segments
        ruling = decide(llr, rank.p_value, segments, held)
        speaking = sum(s.score > 0.5 for s in segments)
        text = f"{speaking} of {len(segments)} stretches of about 5 s speak for a neural decoder"
        if families:
            data = {"synthetic": speaking, "segments": len(segments)}
            evidence = (*evidence, Evidence("stationarity", text, data))
        if len(looks) > 1:
            text = (
                f"the strongest of {len(looks)} looks: {view.name}; score and p-value allow for all of them"
            )
            evidence = (*evidence, Evidence("looks", text, {"look": view.name, "looks": len(looks)}))
        return MusicFinding(
            score=probability(ruling.llr),
            llr=ruling.llr,
            p_value=rank.p_value,
            verdict=ruling.verdict,
            families=families,
            evidence=evidence,
            segments=segments,
            reason=ruling.reason,
            propositions=(*ruling.propositions, composition_proposition(measured.playing)),
            calibration=self._basis(),
            group=rank.group,
            compared=rank.size,
            held=held,
            misses=measured.misses,
        )


def _unmeasured(reason: str, basis: str) -> MusicFinding:
    open_ones = tuple(
        Proposition(name, "not measured", "not_measured", None) for name in ("P1", "P1-part", "P2", "C")
    )
    return MusicFinding(None, None, None, "uncertain", (), (), (), reason, open_ones, basis, "")


def _numbers(tensor: Tensor) -> list[float]:
    return [float(v) for v in tensor.double().tolist()]
