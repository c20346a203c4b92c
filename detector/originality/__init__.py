"""How close is a track to others? `sketch` hears one, `Shelf` holds many, `nearest` finds and judges.

Never evidence of copying: music of one style is alike, and distances say no more than that.
"""

from detector.originality.diversity import Effective, effective, similarity
from detector.originality.neighbours import Neighbour, Place, nearest
from detector.originality.reference import Reference, shipped
from detector.originality.shelf import Shelf
from detector.originality.sketch import DIMENSIONS, Sketch, sketch

__all__ = [
    "DIMENSIONS",
    "Effective",
    "Neighbour",
    "Place",
    "Reference",
    "Shelf",
    "Sketch",
    "effective",
    "nearest",
    "shipped",
    "similarity",
    "sketch",
]
