"""Tempo and pitch changed separately, by several tools: what destroys a decoder's clock.

One tool, FFmpeg's `atempo`, never trains: it tells whether the network knows the operation or the tools.

Sources: W. Verhelst and M. Roelands, 1993 (WSOLA); J. Flanagan and R. Golden, 1966 (phase vocoder); S. Disch
and U. Zölzer, 1999 (moving delay lines).
"""

from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import signal

from lab.sound.spectra import Frames, Rng, Samples, paced
from lab.sound.stretch import stretch

Tool = Callable[[Samples, int, float, Rng], Samples]
LEAST_CHANGE = 0.02
SLOWEST, FASTEST, HIGHEST = 0.8, 1.15, 1.25


def wsola(wav: Samples, rate: int, tempo: float, rng: Rng) -> Samples:
    """Overlapping pieces, each taken from where it continues the last one."""
    return np.asarray(stretch(torch.from_numpy(wav)[None], rate, tempo)[0].numpy(), np.float32)


def phase_vocoder(wav: Samples, rate: int, tempo: float, rng: Rng) -> Samples:
    """Frames of a short-time spectrum at another pace, phases advanced to fit."""
    size = int(rng.choice([1024, 2048]))
    frames = Frames(size, size // 4)
    return frames.audio(paced(frames.spectrum(wav), frames.hop, tempo), round(len(wav) / tempo))


def grains(wav: Samples, rate: int, tempo: float, rng: Rng) -> Samples:
    """Overlapping pieces of 40 to 90 ms, wherever they fall."""
    half = round(rng.uniform(0.02, 0.045) * rate)
    window = np.asarray(np.hanning(2 * half + 1)[:-1], np.float32)
    length = round(len(wav) / tempo)
    laid = np.zeros(length + 3 * half, np.float32)
    for start in range(0, length + half, half):
        source = min(round(start * tempo), len(wav) - 2 * half)
        laid[start : start + 2 * half] += wav[source : source + 2 * half] * window
    return laid[half : half + length]


def atempo(wav: Samples, rate: int, tempo: float, rng: Rng) -> Samples:
    """FFmpeg's filter of that name."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
    slower, sink = graph.add("atempo", f"{tempo:.6f}"), graph.add("abuffersink")
    source.link_to(slower)
    slower.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(wav)[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = rate, 0
    graph.push(frame)
    graph.push(None)
    parts: list[Samples] = []
    while True:
        try:
            parts.append(np.asarray(graph.pull().to_ndarray()[0], np.float32))
        except (av.error.EOFError, av.error.BlockingIOError):
            return np.concatenate(parts)


TOOLS: dict[str, Tool] = {"wsola": wsola, "phase-vocoder": phase_vocoder, "grains": grains}
HELD_OUT: dict[str, Tool] = {"atempo": atempo}


def repitched(wav: Samples, rate: int, pitch: float, rng: Rng, tool: Tool) -> Samples:
    """Another pitch at the same tempo: another tempo, then played faster or slower."""
    slower = tool(wav, rate, 1 / pitch, rng)
    ratio = Fraction(pitch).limit_denominator(200)
    return np.asarray(signal.resample_poly(slower, ratio.denominator, ratio.numerator), np.float32)


def moved(wav: Samples, rate: int, pitch: NDArray[np.floating], rng: Rng) -> Samples:
    """Another pitch by two delay lines that take turns, as harmonisers do it.

    Args:
        wav: audio, [T].
        rate: in Hz.
        pitch: factor on all frequencies, [T].
        rng: source of the delay's length, 30 to 60 ms.
    """
    span = rng.uniform(0.03, 0.06) * rate
    phase = np.cumsum(1 - pitch) / span
    total, at = np.zeros(len(wav)), np.arange(len(wav))
    for offset in (0.0, 0.5):
        turn = (phase + offset) % 1.0
        total += np.interp(at - span * turn, at, wav) * np.sin(np.pi * turn) ** 2
    return np.asarray(total, np.float32)


def tuned(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Pitch corrected to the nearest semitone from moment to moment; chords follow their strongest note."""
    hop, size = rate // 20, rate // 10
    shortest, longest = rate // 800, rate // 80
    ratios = []
    for start in range(0, len(wav) - size, hop):
        piece = wav[start : start + size] * np.hanning(size)
        spectrum = np.abs(np.fft.rfft(piece, 2 * size)) ** 2
        echo = np.fft.irfft(spectrum)[shortest:longest]
        found = 12 * np.log2(rate / (shortest + int(echo.argmax())) / 440)
        ratios.append(2 ** ((np.round(found) - found) / 12))
    curve = np.interp(np.arange(len(wav)), hop * np.arange(len(ratios)) + size // 2, ratios)
    return moved(wav, rate, curve, rng)


def drawn_factor(low: float, high: float, rng: Rng) -> float:
    """A factor between two, never so close to 1 that nothing changes."""
    while True:
        factor = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        if abs(factor - 1) > LEAST_CHANGE:
            return factor


def scaled(wav: Samples, rate: int, rng: Rng) -> Samples:
    """Another tempo or another pitch by a tool drawn at random; a seeded `rng` treats two copies alike."""
    if rng.random() < 0.15:
        return moved(wav, rate, np.full(len(wav), drawn_factor(SLOWEST, HIGHEST, rng)), rng)
    tool = TOOLS[sorted(TOOLS)[int(rng.integers(len(TOOLS)))]]
    if rng.random() < 0.5:
        return repitched(wav, rate, drawn_factor(SLOWEST, HIGHEST, rng), rng, tool)
    return tool(wav, rate, drawn_factor(SLOWEST, FASTEST, rng), rng)
