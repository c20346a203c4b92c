"""The search for a key's mark: channels first, then changes of speed, tempo and pitch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from provenance.watermark import code, model, sync
from provenance.watermark.chips import CYCLE_COLUMNS, layout
from provenance.watermark.grid import BANDS_PER_OCTAVE, CELL_FRAMES, FRAMES_PER_S, STRIDE
from provenance.watermark.key import WatermarkKey
from provenance.watermark.reading import WORTH_READING, read
from provenance.watermark.receiver import lowered, plane_of, views, warp

PRESENT_P_VALUE = 1e-6
EXCERPT_S = 20.0
PART_S = 10.0
TEMPOS = (1.0, 1.05, 0.95, 1.1, 0.9, 1.15, 0.85, 1.2, 0.8, 1.25, 0.77)
"""Time factors of the coarse search; the decoder reads through 2.5 % of error, so there are no holes."""
SEMITONE = 2.0 ** (1.0 / 12.0)
FINE = tuple(1.0 + 0.004 * step for step in range(-7, 8))
PHASES = (0.0, 2.0, 4.0)
FINER = tuple(0.0005 * step for step in range(-4, 5))
CERTAIN = 1e-9
CANDIDATES = 3
STRIKING = 6.0
"""Statistic of a guess that is believed without a longer look: beyond what chance gives all geometries."""


@dataclass(frozen=True)
class Geometry:
    """How audio was scaled in time and frequency, and which lengths of a column to try on top."""

    tempo: float = 1.0
    pitch: float = 1.0
    stretches: tuple[float, ...] = (1.0,)


NOMINAL = Geometry()


def told(speed: float, pitch: float) -> Geometry:
    """Where to look when somebody else has measured the change, to a quarter of a per cent."""
    return Geometry(speed, pitch, tuple(1.0 + step for step in FINER))


@dataclass(frozen=True)
class Finding:
    """The best place in one plane, and what could be read there with which epoch's key."""

    key: WatermarkKey
    place: sync.Alignment
    plane: sync.Plane
    message: bytes | None
    p_value: float
    geometry: Geometry

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.message is not None and self.p_value < PRESENT_P_VALUE

    @property
    def speed(self) -> float:
        """How much faster the audio plays than when it was marked."""
        return self.geometry.tempo / self.place.stretch

    @property
    def pitch_semitones(self) -> float:
        """How much higher it sounds; on the line of plain speed as exact as the speed."""
        plain = self.geometry.tempo == self.geometry.pitch
        return 12.0 * math.log2(self.speed if plain else self.geometry.pitch)


def pitches(tempo: float) -> tuple[float, ...]:
    """Pitch factors to try with a tempo; the decoder reads through more than a semitone of error.

    Speed, tempo alone, and speed with two semitones on top, known as nightcore and slowed; without a change
    of tempo, pitch alone.
    """
    if tempo == 1.0:
        return 1.0, SEMITONE**1.5, SEMITONE**-1.5
    return tempo, 1.0, tempo * SEMITONE ** (2.0 if tempo > 1.0 else -2.0)


class Hunt:
    """A search for the marks of a key and its earlier epochs, over the sections of one recording.

    Attributes:
        best: the finding with the smallest p-value so far; the first complete one ends the hunt, and later
            sections are only looked at in its geometry.
    """

    def __init__(
        self,
        key: WatermarkKey,
        networks: model.Model,
        *,
        exhaustive: bool,
        known: Sequence[tuple[float, float]] = (),
    ) -> None:
        self.best: Finding | None = None
        self._keys = key.epochs
        self._networks = networks
        self._exhaustive = exhaustive
        self._known = [told(speed, pitch) for speed, pitch in known]
        self._places = 0
        self._first = 0
        self._checks = 0

    def p_value(self, place: sync.Alignment, message: bytes | None) -> float:
        """Fisher's combination of pilots and keyed check, independent when no mark is there.

        Both pay for everything that was tried so far. A search that may stop after any look pays a little
        more: over looks of n places among N so far, the sum of n / N is at most 1 + ln(all / first).
        """
        stops = 1.0 + math.log(max(1.0, self._places / max(1, self._first)))
        pilots = min(1.0, stops * place.p_value(self._places))
        check = min(1.0, self._checks * 2.0 ** (-8 * code.CHECK_BYTES)) if message is not None else 1.0
        product = max(pilots * check, 1e-300)
        return min(1.0, product * (1.0 - math.log(product)))

    def look(self, wav: Tensor, sample_rate: int) -> Finding | None:
        """Search one section.

        Args:
            wav: [C, T].
            sample_rate: in Hz.

        Returns:
            The section's best finding; None where it is too short or silent.
        """
        seen = views(wav, sample_rate)
        rows = seen[0]
        if self.best and self.best.complete:
            self._keys = (self.best.key,)
            return self._in_geometry(rows, self.best.geometry)
        finding: Finding | None = None
        for plane in self.planes(seen, self._networks):
            finding = self.read(plane, NOMINAL) or finding
            if finding and finding.complete:
                return finding
            if self._exhaustive:
                finding = self._in_parts(plane) or finding
                if finding and finding.complete:
                    return finding
        for geometry in self._known:
            finding = self._in_geometry(rows, geometry) or finding
            if finding and finding.complete:
                return finding
        if self._exhaustive:
            finding = self._everywhere(rows) or finding
        return finding

    def _in_parts(self, plane: sync.Plane) -> Finding | None:
        """Look at ten seconds at a time: a sample or a loop in another track is lost in the whole."""
        length = int(PART_S * FRAMES_PER_S) // STRIDE
        for start in range(0, plane.shape[1] - length // 2, length):
            finding = self.read(plane[:, start : start + length], NOMINAL, before=start)
            if finding and finding.complete:
                return finding
        return None

    @staticmethod
    def planes(seen: Tensor, networks: model.Model) -> Iterator[sync.Plane]:
        """The decoder's planes of `receiver.views`: the middle; then with both sides and their difference.

        They see other hosts than the middle does, so their soft chips add up; the difference also
        holds what a downmix cancels.
        """
        plane = plane_of(seen[0], networks)
        yield plane
        if len(seen) > 1:
            for rows in seen[1:]:
                plane = plane + plane_of(rows, networks)
            yield plane

    def read(self, plane: sync.Plane, geometry: Geometry, *, before: int = 0) -> Finding | None:
        """Align one plane, then try to read the message at the best places; remembers the best.

        Args:
            plane: [BANDS, M].
            geometry: what was undone to get it.
            before: positions of the section that lie before the plane, a whole number of columns.

        Returns:
            The finding, in the section; None where the plane is too short or empty.
        """
        if plane.shape[1] * STRIDE < 2 * CELL_FRAMES or not np.any(plane):
            return None
        best: Finding | None = None
        for key in self._keys:
            finding = self._read_with(key, plane, geometry, before)
            if best is None or finding.p_value < best.p_value:
                best = finding
            if best.complete:
                break
        return best

    def _read_with(self, key: WatermarkKey, plane: sync.Plane, geometry: Geometry, before: int) -> Finding:
        places, searched = sync.search(plane, layout(key), stretches=geometry.stretches)
        self._places += searched
        self._first = self._first or searched
        message, chosen = None, places[0]
        for place in places:
            message, checks = read(plane, place, searched, key, thorough=self._exhaustive)
            self._checks += checks
            if message is not None:
                chosen = place
                break
        p_value = self.p_value(chosen, message)
        if before:
            # the decoder knows nothing of what lies before: zeros weigh nothing
            plane = np.pad(plane, ((0, 0), (before, 0)))
            start = (chosen.start - before * STRIDE // CELL_FRAMES) % CYCLE_COLUMNS
            chosen = replace(chosen, start=start)
        finding = Finding(key, chosen, plane, message, p_value, geometry)
        if self.best is None or finding.p_value < self.best.p_value:
            self.best = finding
        return finding

    def _in_geometry(self, rows: Tensor, geometry: Geometry) -> Finding | None:
        nominal = (geometry.tempo, geometry.pitch) == (1.0, 1.0)
        chosen = rows if nominal else warp(rows, geometry.tempo, geometry.pitch)
        return self.read(plane_of(chosen, self._networks), geometry)

    def _everywhere(self, rows: Tensor) -> Finding | None:
        """Coarse geometries on an excerpt, pilots only; then the best ones finely on the whole section."""
        excerpt = _middle(rows, EXCERPT_S)
        found: list[tuple[float, Geometry]] = []
        for tempo in TEMPOS:
            for geometry, best, searched in self._guesses(excerpt, tempo):
                self._places += searched
                found.append((best.statistic, geometry))
            if math.exp(-0.5 * max(statistic for statistic, _ in found) ** 2) * self._places < CERTAIN:
                break
        found.sort(key=lambda entry: -entry[0])
        finding: Finding | None = None
        for statistic, geometry in found[:CANDIDATES]:
            if statistic < STRIKING and not self._grows(rows, geometry):
                continue
            finding = self._in_geometry(rows, geometry) or finding
            if finding and finding.complete:
                break
        return finding

    def _grows(self, rows: Tensor, geometry: Geometry) -> bool:
        """Whether a guess is still worth reading on an excerpt of twice the length.

        A mark's statistic grows by the root of two; the best of thousands of places by chance only falls.
        """
        longer = _middle(rows, 2.0 * EXCERPT_S)
        if longer.shape[1] == rows.shape[1]:
            return True
        plane = plane_of(warp(longer, geometry.tempo, geometry.pitch), self._networks)
        for key in self._keys:
            place, searched = sync.guess(plane, layout(key), stretches=geometry.stretches, phases=sync.PHASES)
            self._places += searched
            if place.p_value(searched) < WORTH_READING:
                return True
        return False

    def _guesses(self, excerpt: Tensor, tempo: float) -> list[tuple[Geometry, sync.Alignment, int]]:
        """The best place of any epoch's key at a tempo and each of its pitches, and how many were searched.

        A change of pitch is a shift along the decoder's bands, so one plane serves for all: moved by a part
        of a band until the first pitch lies on whole bands, which leaves the others half a band of error.
        """
        bands = [BANDS_PER_OCTAVE * math.log2(pitch) for pitch in pitches(tempo)]
        part = bands[0] - round(bands[0])
        plane = plane_of(warp(excerpt, tempo, 2.0 ** (part / BANDS_PER_OCTAVE)), self._networks)
        found = []
        for pitch, shift in zip(pitches(tempo), bands, strict=True):
            moved = lowered(plane, round(shift - part))
            guesses = [sync.guess(moved, layout(key), stretches=FINE, phases=PHASES) for key in self._keys]
            best = max((place for place, _ in guesses), key=lambda place: place.statistic)
            geometry = Geometry(tempo, pitch, tuple(best.stretch + step for step in FINER))
            found.append((geometry, best, sum(searched for _, searched in guesses)))
        return found


def _middle(rows: Tensor, seconds: float) -> Tensor:
    """The middle of a section, or all of a shorter one, [ROWS, N]."""
    frames = int(seconds * FRAMES_PER_S)
    first = max(0, (rows.shape[1] - frames) // 2)
    return rows[:, first : first + frames]
