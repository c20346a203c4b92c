"""The search for a key's mark: channels first, then changes of speed, tempo and pitch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from provenance.watermark import code, model, sync
from provenance.watermark.chips import layout
from provenance.watermark.finding import NOMINAL, Finding, Geometry
from provenance.watermark.grid import BANDS_PER_OCTAVE, CELL_FRAMES, FRAMES_PER_S, STRIDE
from provenance.watermark.key import WatermarkKey
from provenance.watermark.known import Known
from provenance.watermark.marks import agreement, heard
from provenance.watermark.reading import WORTH_READING, read
from provenance.watermark.receiver import lowered, plane_of, views, warp

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
MOST_KNOWN = 8
"""Known changes that one section is looked at in."""
STRIKING = 6.0
"""Statistic of a guess that is believed without a longer look: beyond what chance gives all geometries."""


def told(speed: float, pitch: float) -> Geometry:
    """Where to look when somebody else has measured the change, to a quarter of a per cent."""
    return Geometry(speed, pitch, tuple(1.0 + step for step in FINER))


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
        best: the finding with the smallest p-value so far. Later sections are looked at in the geometry of
            the last complete one first.
    """

    def __init__(
        self,
        key: WatermarkKey,
        networks: model.Model,
        *,
        exhaustive: bool,
        known: Sequence[Known] = (),
    ) -> None:
        self.best: Finding | None = None
        self._last: Finding | None = None
        self._keys = key.epochs
        self._networks = networks
        self._exhaustive = exhaustive
        self._known = known
        self._begin_s = 0.0
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

    def look(self, wav: Tensor, sample_rate: int) -> list[Finding]:
        """Search one section, until no part of it is left in which no mark is heard.

        Args:
            wav: [C, T].
            sample_rate: in Hz.

        Returns:
            Every complete finding, each of another message or place; where there is none, the best one; none
            where the section is too short or silent.
        """
        complete: list[Finding] = []
        best: Finding | None = None
        length_s = wav.shape[-1] / sample_rate
        left = _Parts(length_s)
        for plane, geometry in self._looks(views(wav, sample_rate)):
            for finding in self._readings(plane, geometry, left, complete):
                if finding.complete:
                    complete.append(finding)
                    self._last = finding
                    left.hear(finding)
                if best is None or finding.p_value < best.p_value:
                    best = finding
            if left.none:
                break
        self._begin_s += length_s
        return complete or ([best] if best else [])

    def _looks(self, seen: Tensor) -> Iterator[tuple[sync.Plane, Geometry]]:
        """Planes by falling promise: where the last mark lay, then as in `planes`, then changes."""
        rows, last = seen[0], self._last.geometry if self._last else NOMINAL
        if last != NOMINAL:
            yield self._in_geometry(rows, last)
        for plane in self.planes(seen, self._networks):
            yield plane, NOMINAL
        end_s = self._begin_s + rows.shape[1] / FRAMES_PER_S
        here = [k for k in self._known if k.start_s < end_s and k.end_s > self._begin_s]
        changes = dict.fromkeys((round(k.speed, 3), round(k.pitch, 3)) for k in here)
        for geometry in [told(speed, pitch) for speed, pitch in changes][:MOST_KNOWN]:
            yield self._in_geometry(rows, geometry)
        if self._exhaustive:
            yield from self._everywhere(rows)

    def _readings(
        self, plane: sync.Plane, geometry: Geometry, left: "_Parts", complete: Sequence[Finding]
    ) -> Iterator[Finding]:
        """Read the whole, then ten seconds at a time what is left: a sample, a loop or one track of a mix."""
        finding = self.read(plane, geometry)
        if finding is None:
            return
        yield finding
        # A long look costs time; without a sign of a mark in the section only the full search takes it.
        if not (self._exhaustive and geometry == NOMINAL) and not finding.complete and not complete:
            return
        length = int(PART_S * FRAMES_PER_S * geometry.tempo) // STRIDE
        for number in left.numbers:
            start = number * length
            if plane.shape[1] - start <= length // 2 or number not in left.numbers:
                continue
            part = self.read(plane, geometry, start=start, stop=start + length)
            if part and part.complete and not any(_same(part, other) for other in complete):
                yield part

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

    def read(
        self, plane: sync.Plane, geometry: Geometry, *, start: int = 0, stop: int | None = None
    ) -> Finding | None:
        """Align one plane, then try to read the message at the best places; remembers the best.

        Args:
            plane: of the section, [BANDS, M].
            geometry: what was undone to get it.
            start: first position to look at.
            stop: the position after the last one; None looks to the end.

        Returns:
            The finding, in the section; None where the plane is too short or empty.
        """
        part = plane[:, start:stop]
        if part.shape[1] * STRIDE < 2 * CELL_FRAMES or not np.any(part):
            return None
        best: Finding | None = None
        for key in self._keys:
            finding = self._read_with(key, part, geometry)
            finding = replace(finding, plane=plane, place=finding.place.later(start * STRIDE))
            if best is None or finding.p_value < best.p_value:
                best = finding
            if best.complete:
                break
        if best and (self.best is None or best.p_value < self.best.p_value):
            self.best = best
        return best

    def _read_with(self, key: WatermarkKey, plane: sync.Plane, geometry: Geometry) -> Finding:
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
        return Finding(key, chosen, plane, message, p_value, geometry)

    def _in_geometry(self, rows: Tensor, geometry: Geometry) -> tuple[sync.Plane, Geometry]:
        nominal = (geometry.tempo, geometry.pitch) == (1.0, 1.0)
        chosen = rows if nominal else warp(rows, geometry.tempo, geometry.pitch)
        return plane_of(chosen, self._networks), geometry

    def _everywhere(self, rows: Tensor) -> Iterator[tuple[sync.Plane, Geometry]]:
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
        for statistic, geometry in found[:CANDIDATES]:
            if statistic >= STRIKING or self._grows(rows, geometry):
                yield self._in_geometry(rows, geometry)

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


def _same(one: Finding, other: Finding) -> bool:
    """Whether two findings of a section are one message at one place."""
    return (one.message, one.key) == (other.message, other.key) and one.place.near(other.place)


class _Parts:
    """The tenths of a section's seconds in which no mark has been heard yet."""

    def __init__(self, length_s: float) -> None:
        self._seconds = max(1, math.ceil(length_s))
        self._heard = np.zeros(self._seconds, bool)

    def hear(self, finding: Finding) -> None:
        """Take out where a finding is heard."""
        self._heard |= heard(agreement(finding, self._seconds))

    @property
    def numbers(self) -> list[int]:
        """Parts of ten seconds of which the greater half is left."""
        size = int(PART_S)
        starts = range(0, self._seconds, size)
        return [n // size for n in starts if self._heard[n : n + size].mean() < 0.5]

    @property
    def none(self) -> bool:
        """Whether nothing is left."""
        return not self.numbers
