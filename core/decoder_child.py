"""The task of the decoding process: reads hostile bytes so that the rest of Trackmark does not have to.

PyAV and NumPy, no torch. It answers with messages (see `core.locked_child`):

    H  JSON: container, codec, bit_rate, sample_rate, channels, layout, bits, others
    B  samples, float32 planar [C, n]
    E  JSON: truncated, reasons
    X  JSON: kind (a class of core.errors), message
"""

import importlib
import pkgutil

import av
import av.logging

from core.decoding import decode_messages
from core.locked_child import Refusal, Task


def prepare() -> None:
    """Load all of PyAV: nothing can be imported inside the sandbox."""
    av.logging.set_level(None)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def work(task: Task) -> None:
    """Decode one file; the request is the limits."""
    try:
        for tag, body in decode_messages(task.files[0], task.request):
            task.send(tag, body)
    except MemoryError:
        raise Refusal(
            "AudioTooLarge", "decoding needs more memory than allowed: the file is damaged or hostile"
        ) from None
    except Refusal:
        raise
    except Exception as error:
        raise Refusal(
            "UnreadableAudio", f"the decoder failed on it ({type(error).__name__}: {error})"
        ) from error
