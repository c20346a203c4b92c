"""torchaudio, importable next to any torch.

torchaudio's published wheels carry small native libraries linked against CUDA. Next to a CPU-only
torch they cannot load, and torchaudio then refuses to import at all, although everything that
Trackmark uses (resampling, mel filters, stretching) is plain torch. `torchaudio()` imports it
normally where that works and otherwise with the native part declared absent, which is a state that
torchaudio itself knows (`_IS_TORCHAUDIO_EXT_AVAILABLE = False`).

Code that imports torchaudio on its own account (audiocraft) works once `torchaudio()` was called.
What is lost without the native part: `lfilter` falls back to a Python loop per sample, forced
alignment raises.
"""

import importlib
import sys
import threading
import types
from collections.abc import Callable
from typing import Any, NoReturn

_LOCK = threading.RLock()
_NAME = "torchaudio"


def torchaudio() -> types.ModuleType:
    """Import torchaudio, without its native part where that cannot load.

    Thread-safe; the first call takes seconds, later calls nothing.

    Returns:
        The torchaudio module.

    Raises:
        ImportError: torchaudio is not installed; run `make install`.
    """
    with _LOCK:
        try:
            return importlib.import_module(_NAME)
        except ModuleNotFoundError as error:
            if error.name == _NAME:
                raise ImportError("torchaudio is not installed: run `make install`") from error
            raise
        except (OSError, RuntimeError, ImportError):
            # OSError: a CUDA library is missing. RuntimeError: built for another CUDA version.
            # ImportError: the extension's second half failed after the first loaded.
            _forget()
            sys.modules[f"{_NAME}._extension"] = _absent_extension()
            return importlib.import_module(_NAME)


def _forget() -> None:
    """Drop the half-imported package so that the next import starts afresh."""
    for name in list(sys.modules):  # a copy in one step: other threads import meanwhile
        if name == _NAME or name.startswith(_NAME + "."):
            sys.modules.pop(name, None)


def _absent_extension() -> types.ModuleType:
    """`torchaudio._extension` as it looks when the libraries were never built."""
    module = types.ModuleType(f"{_NAME}._extension", "torchaudio's native part, absent (core.native).")
    vars(module).update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_fail_if_no_align
    )
    return module


def _fail_if_no_align(function: Callable[..., Any]) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise RuntimeError(f"{function.__name__} needs torchaudio's native part, which cannot load here")

    return refuse
