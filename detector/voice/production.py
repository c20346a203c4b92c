"""Statistics of how a voice is produced, which vocoders imitate and a fixed equaliser or level leaves alone.

A larynx drives all bands at once: pulses shake noise and harmonics together, phases of harmonics hold to one
another, and pitch wavers. Measured here: waver of pitch; steadiness of harmonics against the first one
(relative phase shift, Saratxaga et al. 2009), their amplitudes and the noise between them; modulation of
bands by the pitch pulses and its alignment across bands; shape of the prediction residual; movement of
the vocal tract; modulation spectra; cepstral changes against their statics; the floor between sounds;
and bands that mirror others. `lab.evaluation.voice` tells what came of it.
"""

import itertools

import numpy as np
import numpy.typing as npt
from scipy import fft

from detector.voice.filters import Butterworth, Complex, hann, spectrum_over_time, zero_phase

RATE = 16000
PRODUCTION = 266
"""Values that a clip gives."""
HOP = 80
FRAME = 640
_LOW_HZ, _HIGH_HZ = 70, 700
_PERIODIC = 0.5
_HARMONIC_HZ = np.array([300, 900, 1600, 2400, 3200, 4200, 5400, 7000])
_BANDS_HZ = np.array([300, 800, 1500, 2300, 3200, 4300, 5600, 7000])
_MODULATION_HZ = np.array([1, 2, 4, 8, 16, 32, 64, 100])
_MIRRORS_HZ = (2756, 3000, 4000, 5512, 6000)
_CONTROLS_HZ = (2880, 3430, 4570, 5180, 5770)
_ORDER, _AREAS, _CEPSTRA = 18, 10, 20
Floats = npt.NDArray[np.float64]


def framed(wav: Floats, size: int, hop: int) -> Floats:
    """Overlapping frames, [N, size]."""
    return np.lib.stride_tricks.sliding_window_view(wav, size)[::hop]


def pitch(frames: Floats) -> tuple[Floats, Floats]:
    """Fundamental in Hz and periodicity of frames [N, FRAME] by normalised autocorrelation, [N] each."""
    window = np.hanning(FRAME)
    low, high = RATE // _HIGH_HZ, RATE // _LOW_HZ
    centred = (frames - frames.mean(1, keepdims=True)) * window
    correlation = _correlation(centred, high + 1)
    shape = _correlation(window[None], high + 1)
    correlation /= (correlation[:, :1] + 1e-9) * np.maximum(shape / shape[:, :1], 0.05)
    # A long lag must be clearly better than a short one, or octaves are taken for the pitch.
    lag = low + (correlation[:, low:high] - 1.3e-3 * np.arange(high - low)).argmax(1)
    rows = np.arange(len(lag))
    before, at, after = (correlation[rows, lag + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0.0)
    return RATE / (lag + np.clip(shift, -0.5, 0.5)), np.clip(at, 0, 1)


def _correlation(frames: Floats, lags: int) -> Floats:
    """Autocorrelation of frames [N, T] at the first lags, [N, lags]; further ones are not made."""
    size = fft.next_fast_len(frames.shape[1] + lags, real=True)
    found: Floats = fft.irfft(_power(fft.rfft(frames, size, axis=1)), size, axis=1)[:, :lags]
    return found


def _power(spectrum: Complex) -> Floats:
    """Squared size, any shape; NumPy's own takes a root first."""
    found: Floats = spectrum.real**2 + spectrum.imag**2
    return found


def _fourth(values: Floats) -> Floats:
    """To the power of four, any shape; NumPy's own goes by logarithms."""
    return np.square(np.square(values))


def _moments(values: Floats) -> list[float]:
    """Mean, spread and tails of a sample; zeros where it is too small."""
    if values.size < 8:
        return [0.0, 0.0, 0.0]
    spread = values.std() + 1e-6
    standard = (values - values.mean()) / spread
    return [float(values.mean()), float(spread), float(np.clip(_fourth(standard).mean(), 0, 15))]


def _waver(hertz: Floats, runs: list[slice]) -> list[float]:
    """Movement of pitch within voiced runs after its slow part is taken off."""
    fast, bands = [], []
    for run in runs:
        cents = 1200 * np.log2(hertz[run])
        slow = np.convolve(np.pad(cents, 6, mode="edge"), np.ones(13) / 13, "valid")
        rest = np.clip(cents - slow, -80, 80)
        fast.append(rest)
        power = np.abs(np.fft.rfft(rest * np.hanning(len(rest)), 64 if len(rest) <= 64 else 128)) ** 2
        edges = np.linspace(0, len(power) - 1, 5).astype(int)
        bands.append([power[a : b + 1].mean() for a, b in itertools.pairwise(edges)])
    if not fast:
        return [0.0] * 8
    every = np.concatenate(fast)
    steps = np.concatenate([np.diff(part) for part in fast])
    share = np.log(np.array(bands).mean(0) + 1e-3)
    lag = np.concatenate([part[1:] * part[:-1] for part in fast]).mean() / (every.var() + 1e-6)
    still = float((np.abs(steps) < 0.3).mean())
    return [float(np.log(every.std() + 0.1)), _moments(every)[2], float(lag), still, *(share - share.mean())]


def _harmonics(frames: Floats, hertz: Floats, following: npt.NDArray[np.bool_]) -> list[float]:
    """Relative phase steadiness, amplitude movement and noise between harmonics, by band of frequency.

    Args:
        frames: voiced ones, [V, FRAME].
        hertz: their pitch, [V].
        following: whether each frame but the first follows the one before it, [V - 1].
    """
    number = np.arange(1, 31)
    window = hann(FRAME)
    count = len(_HARMONIC_HZ) - 1
    if len(frames) < 20:
        return [0.0] * (6 * count + 1)
    turn = np.exp(-2j * np.pi * hertz[:, None] * np.arange(1, FRAME // 2) / RATE / 2).astype(np.complex64)
    windowed = (frames * window).astype(np.float32)
    # Of the two halves about the middle, what is even meets only cosines and what is odd only sines.
    middle, after, before = FRAME // 2, windowed[:, FRAME // 2 + 1 :], windowed[:, FRAME // 2 - 1 : 0 : -1]
    even, odd = after + before, after - before
    value = np.empty((len(frames), 61), np.complex64)
    power = np.ones_like(turn)
    for half in range(61):  # half harmonics: those between are the noise
        power *= turn
        value.real[:, half] = np.einsum("vt,vt->v", even, power.real)
        value.imag[:, half] = np.einsum("vt,vt->v", odd, power.imag)
    value += windowed[:, middle, None]
    on, off = value[:, 1::2][:, :30], value[:, 2::2][:, :30]
    size = np.log(np.abs(on) + 1e-4)
    noise = np.log(np.abs(off) + 1e-4)
    phase = np.angle(on)
    relative = phase - number * phase[:, :1]
    change = np.exp(1j * (relative[1:] - relative[:-1]))
    bend = change[1:] * np.conj(change[:-1])
    frequency = hertz[:, None] * number
    moved = np.diff(size, axis=0)
    found: list[float] = []
    both = following[1:] & following[:-1]
    audible = size > size.max(1, keepdims=True) - 6
    for low, high in itertools.pairwise(_HARMONIC_HZ):
        inside = (frequency >= low) & (frequency < high) & audible
        pairs = inside[1:] & inside[:-1] & following[:, None]
        triples = inside[2:] & inside[1:-1] & inside[:-2] & both[:, None]
        if pairs.sum() < 12 or triples.sum() < 12:
            found += [0.0] * 6
            continue
        found += [
            float(change[pairs].real.mean()),
            float(bend[triples].real.mean()),
            float(np.log(moved[pairs].std() + 1e-3)),
            float((size - noise)[inside].mean()),
            float((size - noise)[inside].std()),
            float(np.log(np.diff(noise, axis=0)[pairs].std() + 1e-3)),
        ]
    # Do harmonics move together, as one source makes them?
    together = moved[following][:, :12]
    alike = np.atleast_2d(
        np.corrcoef(together.T + 1e-9 * np.random.default_rng(0).standard_normal(together.T.shape))
    )
    return [*found, float(np.nanmean(alike[np.triu_indices(12, 1)]))]


def _envelopes(wav: Floats) -> Floats:
    """Hilbert envelopes of the bands, [bands, T]."""
    bands = [Butterworth(4, low, high, RATE) for low, high in itertools.pairwise(_BANDS_HZ.tolist())]
    return envelope(zero_phase(bands, wav))


def envelope(wav: Floats) -> Floats:
    """Size of the analytic signal, any shape; of a real one half of the transform is enough."""
    spectrum = fft.rfft(wav)
    spectrum[..., 0] = 0
    if wav.shape[-1] % 2 == 0:
        spectrum[..., -1] = 0
    found: Floats = np.sqrt(wav**2 + fft.irfft(-1j * spectrum, wav.shape[-1]) ** 2)
    return found


def _pulses(envelopes: Floats, starts: npt.NDArray[np.int64], hertz: Floats) -> list[float]:
    """How deep pitch pulses modulate each band, and how well bands agree on when they fall."""
    count = len(envelopes)
    if len(starts) < 20:
        return [0.0] * (3 * count + 2 * (count - 1))
    angle = 2 * np.pi / RATE * hertz[:, None] * np.arange(FRAME)
    window = np.hanning(FRAME)
    cosines, sines = np.cos(angle) * window, -np.sin(angle) * window
    depth = []
    for envelope in envelopes:
        inside = np.lib.stride_tricks.sliding_window_view(envelope, FRAME)[starts]
        mean = inside.mean(1)
        inside -= mean[:, None]
        once = np.einsum("vt,vt->v", inside, cosines) + 1j * np.einsum("vt,vt->v", inside, sines)
        depth.append(once / (mean * window.sum() + 1e-9) * 2)
    table = np.array(depth)
    size = np.log(np.abs(table) + 1e-3)
    unit = table / (np.abs(table) + 1e-9)
    across = unit[1:] * np.conj(unit[:-1])
    found = [*size.mean(1), *size.std(1), *(np.diff(size, axis=1).std(1))]
    return [float(v) for v in (*found, *np.abs(across.mean(1)), *across.real.std(1))]


def _together(envelopes: Floats) -> list[float]:
    """Correlation of fast movements (above 20 Hz) of neighbouring and of distant bands."""
    slow = np.log(envelopes[:, ::40] + 1e-4)
    fast = Butterworth(2, 20.0, None, RATE / 40).zero_phase(slow)
    alike = np.corrcoef(fast)
    return [float(v) for step in (1, 2, 3) for v in np.diagonal(alike, step)]


def _prediction(frames: Floats) -> list[float]:
    """Tails of the linear prediction residual, its movement, and that of the log area ratios."""
    frames = frames[::3]
    if len(frames) < 12:
        return [0.0] * (3 + 3 + 3 + 2 * _AREAS)
    windowed = (frames - frames.mean(1, keepdims=True)) * np.hamming(frames.shape[1])
    lags = _correlation(windowed, _ORDER + 1)
    lags[:, 0] = lags[:, 0] * 1.0001 + 1e-9
    weights, reflections = predictors(lags)
    before = np.lib.stride_tricks.sliding_window_view(windowed[:, :-1], _ORDER, axis=1)
    rest = windowed[:, _ORDER:] - (before @ weights[:, ::-1, None])[..., 0]
    spread = rest.std(1) + 1e-9
    standard = (rest - rest.mean(1, keepdims=True)) / spread[:, None]
    reflections = np.clip(reflections[:, :_AREAS], -0.999, 0.999)
    areas = np.log((1 + reflections) / (1 - reflections))
    return [
        *_moments(np.log(_fourth(standard).mean(1))),
        *_moments(np.abs((np.square(standard) * standard).mean(1))),
        *_moments(np.log(spread / (windowed.std(1) + 1e-9))),
        *(np.diff(areas, axis=0).std(0) / (areas.std(0) + 1e-6)),
        *np.log(areas.std(0) + 1e-3),
    ]


def predictors(lags: Floats) -> tuple[Floats, Floats]:
    """Weights and reflections of linear prediction, [N, order + 1] -> [N, order] each.

    Levinson's recursion, for all frames at once; `lags` is the autocorrelation of each.
    """
    weights, error = np.zeros((len(lags), 0)), lags[:, 0]
    reflections = []
    for order in range(lags.shape[1] - 1):
        expected = (weights * lags[:, order:0:-1]).sum(1)
        reflection = (lags[:, order + 1] - expected) / error
        turned = weights - reflection[:, None] * weights[:, ::-1]
        weights = np.concatenate([turned, reflection[:, None]], 1)
        error = error * (1 - reflection**2)
        reflections.append(reflection)
    return weights, np.stack(reflections, 1)


def _modulation(decibel: Floats) -> list[float]:
    """Shape of modulation spectra of four groups of bands, against their sum, and cepstral ratios."""
    bands = np.array_split(np.arange(8, decibel.shape[0] - 32), 4)
    found: list[float] = []
    rate = RATE / HOP
    hertz = np.fft.rfftfreq(decibel.shape[1], 1 / rate)
    for band in bands:
        level = decibel[band].mean(0)
        power = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)))) ** 2
        parts = [power[(hertz >= a) & (hertz < b)].sum() for a, b in itertools.pairwise(_MODULATION_HZ)]
        share = np.log(np.array(parts) + 1e-3)
        found += [float(v) for v in share - share.mean()]
    return found


def _cepstra(decibel: Floats, on: npt.NDArray[np.bool_]) -> list[float]:
    """How far linear-frequency cepstra move from frame to frame against how far they move at all."""
    edges = np.linspace(4, decibel.shape[0] - 32, 41).astype(int)
    levels = np.array([decibel[a:b].mean(0) for a, b in itertools.pairwise(edges)])
    place = np.pi * (np.arange(40) + 0.5) / 40
    rows = np.cos(np.arange(1, _CEPSTRA + 1)[:, None] * place) @ levels / 10
    inside = on[1:] & on[:-1]
    static = rows[:, on].std(1) + 1e-6
    once = np.diff(rows, axis=1)[:, inside]
    twice = np.diff(rows, 2, axis=1)[:, inside[1:] & inside[:-1]]
    tails = _fourth(once / (once.std(1, keepdims=True) + 1e-6)).mean(1)
    found = [np.log(static), np.log(once.std(1) / static + 1e-4), np.log(twice.std(1) / static + 1e-4), tails]
    return [float(np.clip(v, -12, 15)) for part in found for v in part]


def _floor(decibel: Floats) -> list[float]:
    """Depth of the quietest tenth of each band below its mean, and its own spread."""
    edges = np.linspace(4, decibel.shape[0] - 32, 11).astype(int)
    levels = np.array([decibel[a:b].mean(0) for a, b in itertools.pairwise(edges)])
    low = np.percentile(levels, 10, axis=1)
    depth = levels.mean(1) - low
    fine = [decibel[a:b][:, levels[n] <= low[n]].std() for n, (a, b) in enumerate(itertools.pairwise(edges))]
    return [*(float(v) for v in depth / 10), *(float(v) for v in fine)]


def _mirrors(decibel: Floats, on: npt.NDArray[np.bool_]) -> list[float]:
    """Correlation of bands with their mirror image at half of common inner rates, against other places."""
    step = RATE / 2 / (decibel.shape[0] - 1)
    fine = decibel[:, on]
    fine = fine - fine.mean(0, keepdims=True)
    fine = fine - fine.mean(1, keepdims=True)

    def image(at: float) -> float:
        middle = round(at / step)
        reach = min(24, decibel.shape[0] - 34 - middle)
        up, down = fine[middle + 2 : middle + reach], fine[middle - reach + 1 : middle - 1][::-1]
        return float((up * down).mean() / np.sqrt((up**2).mean() * (down**2).mean() + 1e-9))

    control = np.mean([image(at) for at in _CONTROLS_HZ])
    return [image(at) - float(control) for at in _MIRRORS_HZ] + [float(control)]


def production_statistics(wav: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Measure a voice.

    Args:
        wav: [T] at 16 kHz after `detector.voice.tidy.tidy`, T >= 8,000.

    Returns:
        [D], finite; parts that need more voiced frames than there are stay zero.
    """
    sound = wav.astype(np.float64)
    frames = framed(sound, FRAME, HOP)
    energy = frames.std(1)
    hertz, periodic = pitch(frames)
    voiced = (periodic > _PERIODIC) & (energy > 0.15 * energy.max())
    runs = _runs(voiced, 20)
    index = np.concatenate([np.arange(run.start, run.stop) for run in runs]) if runs else np.zeros(0, int)
    index = index[:400]
    following = np.diff(index) == 1
    envelopes = _envelopes(sound)
    spectrum = spectrum_over_time(sound, 512, HOP)
    decibel = 10 * np.log10(_power(spectrum) + 1e-10)
    loud = decibel[4:].max(0)
    on = loud > loud.max() - 30
    parts = [
        [float(voiced.mean()), *_moments(periodic[voiced])],
        _waver(hertz, runs),
        _harmonics(frames[index], hertz[index], following),
        _pulses(envelopes, index * HOP, hertz[index]),
        _together(envelopes),
        _prediction(frames[index]),
        _modulation(decibel),
        _cepstra(decibel, on),
        _floor(decibel),
        _mirrors(decibel, on),
    ]
    found: npt.NDArray[np.float32] = np.nan_to_num(
        np.concatenate([np.asarray(part, np.float32) for part in parts]), posinf=0, neginf=0
    )
    return found


def _runs(marked: npt.NDArray[np.bool_], least: int) -> list[slice]:
    """Stretches of marked frames that are long enough."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]
