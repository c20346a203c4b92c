"""Chromaprint, for comparison: its command `fpcalc` (Debian: libchromaprint-tools) and a fair matcher.

A Chromaprint is one 32-bit word for each 0.124 s. Two of them are compared as AcoustID does: laid over each
other at every offset, the share of bits that differ at the best one. L. Lalinsky, Chromaprint, 2010; the bit
error rate as a distance: J. Haitsma and T. Kalker, ISMIR 2002.
"""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

NO_WORDS = "Empty fingerprint"
"""What fpcalc says where the audio is too short for a single word."""
LEAST_WORDS = 16
"""Two seconds: a shorter overlap is not compared."""

WordArray = NDArray[np.uint32]


def calculate(wav: Tensor, sample_rate: int) -> WordArray:
    """The words of a clip, [C, T], [W]; none where it is too short.

    Raises:
        FileNotFoundError: `fpcalc` is not installed.
        subprocess.CalledProcessError: it refused the audio.
    """
    command = shutil.which("fpcalc")
    if command is None:
        raise FileNotFoundError("fpcalc is missing: install Debian's libchromaprint-tools for the comparison")
    samples = (wav.clamp(-1, 1) * 32767).round().short().numpy().T
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "asked.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(sample_rate)
            file.writeframes(samples.astype("<i2").tobytes())
        run = subprocess.run([command, "-raw", "-length", "0", str(path)], capture_output=True, text=True)
    line = next((line for line in run.stdout.splitlines() if line.startswith("FINGERPRINT=")), None)
    if line is None:  # its exit status is no guide: 3 also comes with a whole fingerprint
        if NO_WORDS not in run.stderr:
            run.check_returncode()
        return np.zeros(0, np.uint32)
    words = line.removeprefix("FINGERPRINT=").split(",")
    return np.array([int(word) for word in words if word], np.uint32)


class Catalogue:
    """References side by side, searched by brute force."""

    def __init__(self, references: Sequence[WordArray]) -> None:
        self._lengths = np.array([len(words) for words in references])
        self._words = np.concatenate(list(references))
        self._first = np.cumsum(self._lengths) - self._lengths

    def error_rates(self, asked: WordArray) -> NDArray[np.float64]:
        """Share of differing bits at the best offset into each reference, [R].

        A query longer than a reference slides the other way round; 1 where the overlap is too short.
        """
        best = np.ones(len(self._lengths))
        if len(asked) < LEAST_WORDS:
            return best
        if len(self._words) >= len(asked):
            views = np.lib.stride_tricks.sliding_window_view(self._words, len(asked))
            wrong = np.zeros(len(views), np.int64)
            for n, word in enumerate(asked):
                wrong += np.bitwise_count(views[:, n] ^ word)
            rate = wrong / (32 * len(asked))
            for number in np.flatnonzero(self._lengths >= len(asked)):
                first = self._first[number]
                best[number] = rate[first : first + self._lengths[number] - len(asked) + 1].min()
        for number in np.flatnonzero((self._lengths < len(asked)) & (self._lengths >= LEAST_WORDS)):
            first, length = int(self._first[number]), int(self._lengths[number])
            views = np.lib.stride_tricks.sliding_window_view(asked, length)
            wrong = np.bitwise_count(views ^ self._words[first : first + length]).sum(1)
            best[number] = wrong.min() / (32 * length)
        return best
