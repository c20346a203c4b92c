"""The neural watermark: a keyed, learned channel in the log-spectrum of music.

A 64-bit message and a keyed check are coded into ±1 chips on a time-frequency grid. An embedder
network turns chips into small, masked gain changes; a decoder network reads soft chips back.
The networks know neither key nor message.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.watermark.detection import Detection, detect, detect_blocks
    from provenance.watermark.embedding import Meter, embed, embed_blocks
    from provenance.watermark.key import WatermarkKey
    from provenance.watermark.known import Known
    from provenance.watermark.marks import Mark
    from provenance.watermark.streaming import Stream

__all__ = [
    "Detection",
    "Known",
    "Mark",
    "Meter",
    "Stream",
    "WatermarkKey",
    "detect",
    "detect_blocks",
    "embed",
    "embed_blocks",
]

_HOME = {
    "Detection": "detection",
    "detect": "detection",
    "detect_blocks": "detection",
    "Known": "known",
    "Mark": "marks",
    "Meter": "embedding",
    "embed": "embedding",
    "embed_blocks": "embedding",
    "Stream": "streaming",
    "WatermarkKey": "key",
}


def __getattr__(name: str) -> object:
    """Import public names on first use, so that importing the package costs nothing."""
    if name in _HOME:
        from importlib import import_module

        return getattr(import_module(f"provenance.watermark.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
