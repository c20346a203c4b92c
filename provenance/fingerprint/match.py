"""What a search answers: a track, and the stretches of the query in which it is heard."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Stretch:
    """A part of a query in which a part of a track plays at one speed and pitch.

    Attributes:
        start_s: where it begins in the query, in seconds; to about a second, as no moment of a track tells
            its edges.
        end_s: where it ends.
        track_start_s: where in the track its beginning lies.
        speed: how much faster the query plays (1.05: five per cent).
        pitch: by what factor its frequencies are higher.
        matched_s: seconds of it that hold a consistent hit.
        votes: distinct moments of it on the line.
        p_value: chance of as many votes, for an unrelated query of this length, anywhere in the index.
    """

    start_s: float
    end_s: float
    track_start_s: float
    speed: float
    pitch: float
    matched_s: float
    votes: int
    p_value: float

    @property
    def offset_s(self) -> float:
        """Where the query's first sample would lie in the track, were it played so from there."""
        return self.track_start_s - self.speed * self.start_s


@dataclass(frozen=True)
class Found:
    """A track found in a query, under its number in the index.

    Attributes:
        track: its number.
        score: share of the query, in half seconds, that holds a consistent hit, 0 to 1.
        heard: where, in the order of the query; at least one.
        mixed_with: numbers of tracks found in the same stretches that are other recordings.
    """

    track: int
    score: float
    heard: tuple[Stretch, ...]
    mixed_with: tuple[int, ...] = ()

    @property
    def main(self) -> Stretch:
        """The stretch with the most votes."""
        return max(self.heard, key=lambda stretch: stretch.votes)

    def named(self, names: Mapping[int, str]) -> "Match":
        """The same under the record's id, by the ids of all tracks that are found."""
        main = self.main
        return Match(
            record_id=names[self.track],
            score=self.score,
            offset_s=main.offset_s,
            speed=main.speed,
            pitch=main.pitch,
            matched_s=sum(stretch.matched_s for stretch in self.heard),
            votes=main.votes,
            p_value=min(stretch.p_value for stretch in self.heard),
            stretches=self.heard,
            mixed_with=tuple(names[other] for other in self.mixed_with if other in names),
        )


@dataclass(frozen=True)
class Match:
    """A known track in a query.

    Attributes:
        record_id: as given to `add`.
        score: share of the query, in half seconds, that holds a consistent hit, 0 to 1.
        offset_s: where the query's first sample lies in the reference (negative: before its beginning), by
            the stretch with the most votes, as are the next two and `votes`.
        speed: how much faster the query plays (1.05: five per cent).
        pitch: by what factor its frequencies are higher.
        matched_s: seconds of the query that hold a consistent hit.
        votes: distinct moments of the query on the line.
        p_value: chance of as many votes anywhere in the index, for an unrelated query.
        stretches: every part of it in which the track plays, in the order of the query.
        mixed_with: records of other recordings that sound in the same stretches, as in a mash-up; the same
            recording under another record is none.
    """

    record_id: str
    score: float
    offset_s: float
    speed: float
    pitch: float
    matched_s: float
    votes: int
    p_value: float
    stretches: tuple[Stretch, ...] = ()
    mixed_with: tuple[str, ...] = ()
