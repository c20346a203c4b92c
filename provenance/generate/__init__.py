"""Music from audiocraft's models, ready to be tagged at birth.

`load_generator(None)` needs no weights: it is a real MusicGen assembled from audiocraft's own
classes (its debug compression model, a small language model), never trained and named so. It shows
the whole chain on any machine; what it plays is texture, not music. `load_generator("facebook/
musicgen-small")`, another published name or a folder with a checkpoint gives the real thing; a folder
with a card gives a small model that the lab trained (`composer`).
"""

from provenance.generate.composer import Composer, Shape
from provenance.generate.imported import audiocraft_models, version
from provenance.generate.loading import load_generator
from provenance.generate.order import Generator, Order, Steps
from provenance.generate.playing import Abilities, AudiocraftGenerator

__all__ = [
    "Abilities",
    "AudiocraftGenerator",
    "Composer",
    "Generator",
    "Order",
    "Shape",
    "Steps",
    "audiocraft_models",
    "load_generator",
    "version",
]
