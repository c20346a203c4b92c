"""How likely votes are by chance: what a match must reach in an index of a given size."""

import math

MIN_VOTES = 6
MIN_MATCHED_S = 1.5
MAX_P = 1e-4
NULL_TRACK_FRAMES = 1200

# Votes that unrelated music gets on one line. Of 173,000 pairs of a 10 s query and a track of another
# collection one reached 6, at any speed and pitch: the rate is the upper limit of the 95 % interval. From 3
# votes to 6 the number halves with every half vote; three quarters are taken, because music shares patterns
# that few pairs show. `lab.evaluation.fingerprint` counts again.
NULL_VOTES = 6
VOTES_PER_HALVING = 0.75
NULL_RATE = 2.7e-5


def needed_votes(total_frames: int) -> int:
    """Votes below which no line of one window is a match in an index of that length."""
    halvings = math.log2(_tracks(total_frames) * NULL_RATE / MAX_P)
    return max(MIN_VOTES, math.ceil(NULL_VOTES + VOTES_PER_HALVING * halvings))


def chance(votes: int, total_frames: int) -> float:
    """Chance that unrelated music gets as many votes on one line, anywhere in the index."""
    halvings = (votes - NULL_VOTES) / VOTES_PER_HALVING
    return float(min(1.0, _tracks(total_frames) * NULL_RATE * 2.0**-halvings))


def _tracks(total_frames: int) -> float:
    return max(1.0, total_frames / NULL_TRACK_FRAMES)
