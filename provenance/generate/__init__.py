"""Music from audiocraft's models, ready to be tagged at birth.

`load_generator(None)` gives the small model that is part of this package: audiocraft's own classes, trained
by the lab (`composer`). It reads no prompt, and shows the whole chain on any machine without a download.
`load_generator("facebook/musicgen-small")`, another published name or a folder with a checkpoint gives
others; a folder with a card gives one more that the lab trained.
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
