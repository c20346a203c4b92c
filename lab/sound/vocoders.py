"""Copy synthesis: the same words, the same voice, through a vocoder made in the lab.

Few of the collection's clones may be used to train shipped weights, so the countermeasure learns
mostly from open recordings that are analysed and synthesised again. Every method changes what a
vocoder changes (phase, excitation, fine structure, images of an upsampling chain) and leaves what a
corpus leaves (room, microphone, words), which is why each recording appears in both classes.

Sources: Griffin & Lim 1984; Wang & Yamagishi 2023 (arXiv 2210.10570) for training on vocoded copies;
Pons et al. 2021 for the images and tones of upsampling layers.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, lfilter, resample_poly

from lab.sound.spectra import PreciseFrames, Samples, griffin_lim, paced_precisely

Method = Callable[[Samples, int, np.random.Generator], Samples]


def _mel_filters(bands: int, size: int, rate: int, top: float) -> npt.NDArray[np.float64]:
    """Triangular filters equally spaced on the mel scale, [M, F]."""
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + top / 700), bands + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(size, 1 / rate)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall))


def _mel_magnitude(
    spectrum: npt.NDArray[np.complex128], bands: int, size: int, rate: int
) -> npt.NDArray[np.float64]:
    """Magnitudes after a trip through a mel filter bank (the loss every mel vocoder starts from)."""
    filters = _mel_filters(bands, size, rate, rate / 2)
    magnitude = np.abs(spectrum)
    return np.maximum(1e-9, magnitude @ filters.T @ np.linalg.pinv(filters).T)


def mel_inverted(wav: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Mel magnitudes with phases found by iteration (Griffin & Lim 1984)."""
    size, hop, bands = [(1024, 256, 80), (800, 200, 80), (1024, 256, 128), (512, 128, 64)][rng.integers(4)]
    frames = PreciseFrames(size, hop)
    magnitude = _mel_magnitude(frames.spectrum(wav), bands, size, rate)
    phases = frames.random_phases(magnitude, rng)
    return griffin_lim(frames, magnitude, phases, int(rng.choice([16, 32])), len(wav))


def blurred_phase(wav: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Mel magnitudes with the true phase disturbed more and more towards high frequencies.

    Stands in for decoders that predict phase (Vocos, iSTFTNet): right at low, guessed at high bins.
    """
    size, hop = 1024, int(rng.choice([256, 200]))
    frames = PreciseFrames(size, hop)
    spectrum = frames.spectrum(wav)
    magnitude = _mel_magnitude(spectrum, int(rng.choice([80, 100, 128])), size, rate)
    ramp = np.linspace(0, 1, spectrum.shape[1]) ** 0.7 * rng.uniform(1.0, 3.0)
    turned = frames.turned(spectrum, ramp * rng.standard_normal(spectrum.shape))
    return frames.audio(magnitude * turned, len(wav))


def pitch_track(wav: Samples, rate: int, hop: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Fundamental (Hz) and periodicity (0-1) per frame by the normalised autocorrelation."""
    size = int(0.04 * rate)
    padded = np.pad(wav.astype(np.float64), (size // 2, size + hop))
    starts = np.arange(0, len(wav), hop)
    frames = np.stack([padded[s : s + size] for s in starts])
    frames = (frames - frames.mean(1, keepdims=True)) * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, 2 * size, axis=1)) ** 2
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(size), 2 * size)) ** 2)[:size]
    correlation = np.fft.irfft(power, axis=1)[:, :size]
    correlation /= np.maximum(correlation[:, :1], 1e-9) * np.maximum(window / window[0], 0.05)
    low, high = int(rate / 600), int(rate / 70)
    lag = low + correlation[:, low:high].argmax(1)
    strength = np.clip(correlation[np.arange(len(lag)), lag], 0, 1)
    frequency = rate / lag
    for _ in range(2):  # a running median removes octave errors of single frames
        frequency = np.median(np.stack([np.roll(frequency, k) for k in range(-2, 3)]), 0)
    return frequency, strength


def _envelopes(wav: Samples, size: int, hop: int, quefrency: int) -> npt.NDArray[np.float64]:
    """Spectral envelopes by cepstral smoothing, [N, F]."""
    log = np.log(np.abs(PreciseFrames(size, hop).spectrum(wav)) + 1e-6)
    cepstrum = np.fft.irfft(log, axis=1)
    cepstrum[:, quefrency : size - quefrency + 1] = 0
    return np.exp(np.fft.rfft(cepstrum, axis=1).real)


def source_filter(wav: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """A WORLD-like vocoder: pulses and noise through cepstral envelopes (Morise et al. 2016)."""
    size, hop = 1024, 80
    frequency, strength = pitch_track(wav, rate, hop)
    voiced = strength > 0.45
    per_sample = np.repeat(np.where(voiced, frequency, 0.0), hop)[: len(wav)]
    per_sample = np.pad(per_sample, (0, len(wav) - len(per_sample)))
    cycles = np.cumsum(per_sample / rate)
    pulses = np.zeros(len(wav))
    at = np.flatnonzero(np.diff(np.floor(cycles)) > 0)
    pulses[at] = np.sqrt(rate / np.maximum(per_sample[at], 70.0))
    noise = rng.standard_normal(len(wav))
    envelope = _envelopes(wav, size, hop, int(rng.integers(30, 45)))
    bins = np.linspace(0, rate / 2, envelope.shape[1])
    cut = rng.uniform(2500, 5500)  # above it the excitation is noise
    mix = 1 / (1 + np.exp((bins - cut) / 400))
    frames = len(envelope)
    steady = np.pad(voiced, (size // hop, frames))[:frames, None]
    transform = PreciseFrames(size, hop)
    voiced_part, noise_part = (transform.spectrum(x.astype(np.float32)) for x in (pulses, noise))
    gain = envelope / np.sqrt(size / 2.7)
    spectrum = gain * (voiced_part * np.sqrt(mix) * steady + noise_part * np.sqrt(1 - mix * steady * 0.97))
    return transform.audio(spectrum, len(wav))


def linear_prediction(wav: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """All-pole synthesis from pulses and noise (LPC vocoder, Atal & Hanauer 1971)."""
    order, hop = int(rng.integers(16, 26)), 160
    frequency, strength = pitch_track(wav, rate, hop)
    out = np.zeros(len(wav) + 4 * hop)
    padded = np.pad(wav.astype(np.float64), (hop, 4 * hop))
    state, phase = np.zeros(order), 0.0
    for n, (pitch, periodic) in enumerate(zip(frequency, strength, strict=True)):
        frame = padded[n * hop : n * hop + 3 * hop] * np.hanning(3 * hop)
        correlation = np.correlate(frame, frame, "full")[len(frame) - 1 : len(frame) + order]
        correlation[0] = correlation[0] * 1.0001 + 1e-9
        index = np.abs(np.arange(order)[:, None] - np.arange(order))
        weights = np.linalg.solve(correlation[index], correlation[1:])
        error = np.sqrt(max(1e-12, correlation[0] - weights @ correlation[1:]) / (0.375 * 3 * hop))
        excitation = rng.standard_normal(hop)
        if periodic > 0.45:
            steps = phase + np.arange(1, hop + 1) * pitch / rate
            ticks = np.diff(np.floor(np.concatenate([[phase], steps]))) > 0
            excitation = 0.15 * excitation + ticks * np.sqrt(rate / pitch)
            phase = steps[-1] % 1.0
        filtered, state = lfilter([1.0], np.concatenate([[1.0], -weights]), excitation * error, zi=state)
        out[n * hop : (n + 1) * hop] = filtered
        state = np.clip(np.nan_to_num(state), -4, 4)
    return np.clip(out[: len(wav)], -1, 1).astype(np.float32)


def upsampling_chain(wav: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """What transposed convolutions leave behind: images and tones at multiples of the inner rates.

    A random stride set is drawn; the voice is decimated and brought back with filters that are too
    short, and the error is added to the original, with a comb that follows the loudness.
    """
    inner = int(rng.choice([16000, 22050, 24000, 32000, 44100]))
    strides = [(8, 8, 2, 2), (8, 5, 4, 2), (10, 8, 2, 2), (4, 4, 2, 2, 2, 2), (8, 8, 4), (5, 4, 4, 2)][
        rng.integers(6)
    ]
    signal = resample_poly(wav.astype(np.float64), inner, rate) if inner != rate else wav.astype(np.float64)
    error = np.zeros(len(signal))
    level = np.sqrt(np.mean(signal**2) + 1e-12)
    hop = 1
    for stride in strides[::-1][:3]:
        hop *= stride
        low = lfilter(firwin(8 * hop + 1, 0.9 / hop), 1, np.pad(signal, (0, 4 * hop)))[4 * hop :][
            : len(signal)
        ]
        sparse = np.zeros(len(signal))
        sparse[::hop] = low[::hop] * hop
        kernel = np.hanning(2 * hop + 2)[1:-1] * (1 + 0.4 * rng.standard_normal(2 * hop))
        rebuilt = lfilter(kernel / kernel.sum(), 1, np.pad(sparse, (0, hop)))[hop:]
        loud = np.convolve(np.abs(signal), np.ones(hop * 4) / (hop * 4), "same")
        tones = np.zeros(len(signal))
        tones[::hop] = loud[::hop] * np.sqrt(hop)
        for part, depth in (
            (rebuilt - low, rng.uniform(-38, -22)),
            (tones - tones.mean(), rng.uniform(-48, -30)),
        ):
            error += part * level / np.sqrt(np.mean(part**2) + 1e-12) * 10 ** (depth / 20)
    out = signal + error
    out = resample_poly(out, rate, inner) if inner != rate else out
    return np.pad(out, (0, max(0, len(wav) - len(out))))[: len(wav)].astype(np.float32)


def phase_vocoder(wav: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Stretched and squeezed back with propagated phases (Flanagan & Golden 1966)."""
    factor = float(rng.choice([0.8, 0.88, 1.14, 1.25]))

    def stretch(x: Samples, ratio: float) -> Samples:
        frames = PreciseFrames(1024, 256)
        return frames.audio(paced_precisely(frames.spectrum(x), frames.hop, ratio), int(len(x) / ratio))

    back = stretch(stretch(wav, factor), 1 / factor)
    return np.pad(back, (0, max(0, len(wav) - len(back))))[: len(wav)]


METHODS: dict[str, Method] = {
    "griffin-lim": mel_inverted,
    "blurred-phase": blurred_phase,
    "source-filter": source_filter,
    "linear-prediction": linear_prediction,
    "upsampling-chain": upsampling_chain,
    "phase-vocoder": phase_vocoder,
}
