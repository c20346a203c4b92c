"""The search for a key's mark: channels first, then changes of speed, tempo and pitch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from provenance.watermark import changes, code, model, sync
from provenance.watermark.chips import expected, layout
from provenance.watermark.finding import NOMINAL, Finding, Geometry
from provenance.watermark.grid import CELL_FRAMES, FRAMES_PER_S, STRIDE
from provenance.watermark.key import WatermarkKey
from provenance.watermark.known import Known
from provenance.watermark.reading import borne_out, read
from provenance.watermark.receiver import plane_of, views, warp
from provenance.watermark.rest import PART_S, Rest

FINER = tuple(0.0005 * step for step in range(-4, 5))
CANDIDATES = 3
"""Changes that one section is looked at in because its own pilots answer to them."""
MARGIN_S = 1.0
"""How much earlier and later than it is told a stretch may begin and end."""
TURNS = 8
"""Beginnings that are tried for one turn of a loop, so that its seam falls near an end of one of them."""
MOST_KNOWN = 8
"""Known changes that one section is looked at in."""
PROMISING, STRIKING = 5.2, 5.7
"""Statistics about the best and beyond the best that chance gives all changes together. What is promising is
decoded in its half minute, and what is striking then in the whole section."""
SHORT_S = 20.0
"""Length up to which it costs little to decode each of the best."""
BUDGET = 12
"""Planes of its length that a section may cost before another change is tried; what one leaves, the next may
use. Audio without a mark takes four, and one more for each known change."""


def told(speed: float, pitch: float) -> Geometry:
    """Where to look when somebody else has measured the change, to a quarter of a per cent."""
    return Geometry(speed, pitch, tuple(1.0 + step for step in FINER))


def _geometry(known: Known) -> Geometry:
    """Where to look for what is known."""
    return NOMINAL if known.unchanged else told(round(known.speed, 3), round(known.pitch, 3))


class Hunt:
    """A search for the marks of a key and its earlier epochs, over the sections of one recording.

    Attributes:
        best: the finding with the smallest p-value so far. Later sections are looked at in the geometry of
            the last complete one first.
        unsearched: stretches, in seconds, whose changes were not all looked at, since `BUDGET` was spent.
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
        self.unsearched: list[tuple[float, float]] = []
        self._last: Finding | None = None
        self._keys = key.epochs
        self._networks = networks
        self._exhaustive = exhaustive
        self._known = known
        self._begin_s = 0.0
        self._places = 0
        self._first = 0
        self._checks = 0
        self._complete = 0
        self._budget = 0.0

    def p_value(self, finding: Finding) -> float:
        """Fisher's combination of pilots and keyed check, independent when no mark is there.

        Of a message that was asked for, what its cells say, alone. All pay for everything that was tried
        so far. A search that may stop after any look pays a little more: over looks of n places among N so
        far, the sum of n / N is at most 1 + ln(all / first).
        """
        stops = 1.0 + math.log(max(1.0, self._places / max(1, self._first)))
        pilots = min(1.0, stops * finding.place.p_value(self._places))
        if finding.by_name:
            return pilots
        check = min(1.0, self._checks * 2.0 ** (-8 * code.CHECK_BYTES)) if finding.message else 1.0
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
        return self.search(views(wav, sample_rate), wav.shape[-1] / sample_rate)

    def search(self, seen: Tensor, length_s: float, decoded: Sequence[sync.Plane] = ()) -> list[Finding]:
        """`look` at what `views` made of a section of that length.

        `decoded` may hold the section's planes as they are (`receiver.planes`), which no key changes.
        """
        complete: list[Finding] = []
        best: Finding | None = None
        rest = Rest(length_s)
        self._budget += BUDGET * seen.shape[2]
        for plane, geometry in self._looks(seen, rest, decoded):
            for finding in self._readings(plane, geometry, rest, complete):
                if finding.complete:
                    complete.append(finding)
                    self._complete += 1
                    self._last = finding
                    rest.hear(finding)
                if best is None or finding.p_value < best.p_value:
                    best = finding
            if rest.none:
                break
        self._begin_s += length_s
        return complete or ([best] if best else [])

    def _looks(
        self, seen: Tensor, rest: Rest, decoded: Sequence[sync.Plane]
    ) -> Iterator[tuple[sync.Plane, Geometry]]:
        """Planes of what is left, by falling promise: where the last mark lay, as it is, known, searched."""
        rows, last = seen[0], self._last.geometry if self._last else NOMINAL
        if last != NOMINAL:
            yield self._plane(rows, rest, last), last
        plane = decoded[0] if decoded else self._plane(rows, rest)
        yield plane, NOMINAL
        if len(seen) > 1:
            plane = decoded[1] if decoded and not self._complete else self._with(plane, seen[1:], rest)
            yield plane, NOMINAL
        told_of = dict.fromkeys(_geometry(known) for known in self._here(rows.shape[1]))
        for geometry in [geometry for geometry in told_of if geometry != NOMINAL][:MOST_KNOWN]:
            yield self._plane(rows, rest, geometry), geometry
        if self._exhaustive:
            yield from self._everywhere(seen, _left(plane, rest), rest)

    def _everywhere(
        self, seen: Tensor, plane: sync.Plane, rest: Rest
    ) -> Iterator[tuple[sync.Plane, Geometry]]:
        """Planes of the changes of tempo and pitch to which the pilots answer."""
        layouts = [layout(key) for key in self._keys]
        found, searched = changes.search(plane, layouts, keep=CANDIDATES)
        self._places += searched
        short = seen.shape[2] <= SHORT_S * FRAMES_PER_S
        for change in found:
            if change.statistic < PROMISING and not short:
                return
            if self._budget <= 0.0:
                self.unsearched += [
                    (self._begin_s + first, self._begin_s + last) for first, last in rest.stretches_s
                ]
                return
            geometry, before = self._settled(seen[0], change, short), self._complete
            if geometry is None:
                continue
            plane = self._plane(seen[0], rest, geometry)
            yield plane, geometry
            if len(seen) > 1 and self._complete == before and not short:
                yield self._with(plane, seen[1:], rest, geometry), geometry

    def _settled(self, rows: Tensor, change: changes.Change, short: bool) -> Geometry | None:
        """The exact pitch of a change: of those its bands may stand for, the one the pilots answer best.

        None where that is by chance, unless the section is short: a mark's statistic grows when its change is
        undone.
        """
        geometries = [told(change.tempo, pitch) for pitch in change.pitches()]
        if len(geometries) == 1 and change.statistic >= STRIKING:
            return geometries[0]
        first = change.first * STRIDE
        excerpt = rows[:, first : first + changes.WIDTH * STRIDE]
        answers = []
        for geometry in geometries:
            plane = self._decoded(warp(excerpt, geometry.tempo, geometry.pitch), None)
            places, searched = zip(*(sync.search(plane, layout(key)) for key in self._keys), strict=True)
            self._places += sum(searched)
            answers.append(max(place[0].statistic for place in places))
        best = max(answers)
        believed = short or max(best, change.statistic) >= STRIKING
        return geometries[answers.index(best)] if believed else None

    def _readings(
        self, plane: sync.Plane, geometry: Geometry, rest: Rest, complete: Sequence[Finding]
    ) -> Iterator[Finding]:
        """Read the whole, then ten seconds at a time what is left: a sample, a loop or one track of a mix."""
        finding = self.read(plane, geometry)
        if finding is None:
            return
        yield finding
        yield from self._by_name(plane, geometry, complete)
        if not finding.complete and not complete:
            yield from self._lower(plane, geometry, complete)
        if not finding.complete and not complete:
            yield from self._once_of_a_loop(plane, geometry)
        # A long look costs time; without a sign of a mark in the section only the full search takes it.
        if not (self._exhaustive and geometry == NOMINAL) and not finding.complete and not complete:
            return
        length = int(PART_S * FRAMES_PER_S * geometry.tempo) // STRIDE
        for number in rest.numbers:
            start = number * length
            if plane.shape[1] - start <= length // 2 or number not in rest.numbers:
                continue
            part = self.read(plane, geometry, start=start, stop=start + length)
            if part and part.complete and not any(_same(part, other) for other in complete):
                yield part

    def _lower(self, plane: sync.Plane, geometry: Geometry, complete: Sequence[Finding]) -> Iterator[Finding]:
        """Read and ask the lower octaves alone: of the upper ones a change may have left noise."""
        kept = sync.lower(plane)
        finding = self.read(kept, geometry)
        if finding is not None:
            yield finding
        yield from self._by_name(kept, geometry, complete)

    def _once_of_a_loop(self, plane: sync.Plane, geometry: Geometry) -> Iterator[Finding]:
        """Read audio that repeats itself once: the key's cycle goes on in none of its repeats."""
        period = sync.period(plane)
        if period is None:
            return
        for start in range(0, period, -(-period // TURNS)):
            part = self.read(plane, geometry, start=start, stop=start + period)
            if part and part.complete:
                yield part
                return

    def _here(self, frames: int) -> list[Known]:
        """What is known of the section that begins here."""
        end_s = self._begin_s + frames / FRAMES_PER_S
        return [k for k in self._known if k.start_s < end_s and k.end_s > self._begin_s]

    def _by_name(
        self, plane: sync.Plane, geometry: Geometry, complete: Sequence[Finding]
    ) -> Iterator[Finding]:
        """Ask for the messages that the caller expects at this change and that have not been heard yet."""
        a_second = FRAMES_PER_S * geometry.tempo / STRIDE
        for known in self._here(round(plane.shape[1] / a_second * FRAMES_PER_S)):
            message, heard = known.message, {finding.message for finding in complete}
            if message is None or message in heard or _geometry(known) != geometry:
                continue
            first = max(0, int((known.start_s - self._begin_s - MARGIN_S) * a_second))
            last = int(min(plane.shape[1], (known.end_s - self._begin_s + MARGIN_S) * a_second))
            for key in self._keys:
                finding = self._ask(key, message, plane, geometry, first, last)
                if finding is not None:
                    yield finding

    def _ask(
        self, key: WatermarkKey, message: bytes, plane: sync.Plane, geometry: Geometry, first: int, last: int
    ) -> Finding | None:
        """Whether the mark with this message lies in a part of a plane; None where it is not heard."""
        part, pattern = plane[:, first:last], expected(key, message)
        if part.shape[1] * STRIDE < 2 * CELL_FRAMES or not np.any(part):
            return None
        places, searched = sync.search(part, pattern, keep=1, stretches=geometry.stretches)
        self._places += searched
        place = places[0].later(first * STRIDE)
        finding = Finding(key, place, plane, message, 1.0, geometry, by_name=True)
        finding = replace(finding, p_value=self.p_value(finding))
        if not finding.complete or not borne_out(part, places[0], pattern):
            return None
        if self.best is None or finding.p_value < self.best.p_value:
            self.best = finding
        return finding

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
        finding = Finding(key, chosen, plane, message, 1.0, geometry)
        return replace(finding, p_value=self.p_value(finding))

    def _plane(self, rows: Tensor, rest: Rest, geometry: Geometry = NOMINAL) -> sync.Plane:
        """What is left of a view, its change undone."""
        nominal = (geometry.tempo, geometry.pitch) == (1.0, 1.0)
        chosen = rows if nominal else warp(rows, geometry.tempo, geometry.pitch)
        return self._decoded(chosen, rest.frames(chosen.shape[1], geometry.tempo))

    def _with(
        self, plane: sync.Plane, others: Tensor, rest: Rest, geometry: Geometry = NOMINAL
    ) -> sync.Plane:
        """A plane and those of the other views added to it, as in `receiver.planes`."""
        total = _left(plane, rest, geometry)
        for rows in others:
            total = total + self._plane(rows, rest, geometry)
        return total

    def _decoded(self, rows: Tensor, wanted: NDArray[np.bool_] | None) -> sync.Plane:
        self._budget -= rows.shape[1] if wanted is None else int(wanted.sum())
        return plane_of(rows, self._networks, wanted)


def _left(plane: sync.Plane, rest: Rest, geometry: Geometry = NOMINAL) -> sync.Plane:
    """A plane without what has been heard since it was decoded."""
    left: sync.Plane = plane * rest.frames(plane.shape[1] * STRIDE, geometry.tempo)[::STRIDE]
    return left


def _same(one: Finding, other: Finding) -> bool:
    """Whether two findings of a section are one message at one place."""
    return (one.message, one.key) == (other.message, other.key) and one.place.near(other.place)
