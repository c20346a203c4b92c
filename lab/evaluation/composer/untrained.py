"""What a composer is measured against: audiocraft's classes filled at random, the same every time."""

from typing import Any

import torch

from provenance.generate import Abilities, AudiocraftGenerator, Generator, audiocraft_models

NAME = "audiocraft-untrained-debug"
SAMPLE_RATE = 32_000


def untrained() -> Generator:
    """A MusicGen with random weights, the same ones every time."""
    return AudiocraftGenerator(NAME, _drawn(audiocraft_models()), Abilities(reads_text=False), licence="MIT")


def _drawn(models: Any) -> Any:
    from audiocraft.models.builders import get_debug_compression_model
    from audiocraft.models.lm import LMModel
    from audiocraft.modules.codebooks_patterns import DelayedPatternProvider
    from audiocraft.modules.conditioners import ConditionFuser, ConditioningProvider

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20)
        compression = get_debug_compression_model("cpu", sample_rate=SAMPLE_RATE)
        language = LMModel(
            DelayedPatternProvider(n_q=4),
            ConditioningProvider({}),
            ConditionFuser({"cross": [], "prepend": [], "sum": [], "input_interpolate": []}),
            n_q=4,
            card=400,
            dim=64,
            num_heads=4,
            num_layers=2,
            custom=True,
            causal=True,
        )
        _smooth(compression.decoder)
    return models.MusicGen(NAME, compression, language.eval(), max_duration=30)


def _smooth(decoder: torch.nn.Module) -> None:
    """Blur the random kernels along time and double them: hiss above 7 kHz becomes hum and rattle.

    Independent weights make a decoder that plays white noise through a high-pass (97 % of the energy
    above 7 kHz); blurred ones put it where music has its own. Measured after: 50 % between 1 and 3 kHz,
    48 % below, and the level varies by 8 dB instead of 0.2.
    """
    for layer in decoder.modules():
        if isinstance(layer, torch.nn.Conv1d | torch.nn.ConvTranspose1d) and layer.kernel_size[0] > 2:
            weight = layer.weight.data
            length = layer.kernel_size[0]
            width = max(3, (length // 2) | 1)
            window = torch.hann_window(width + 2, periodic=False)[1:-1]
            flat = weight.reshape(-1, 1, length)
            blurred = torch.nn.functional.conv1d(flat, window[None, None], padding=width // 2)
            layer.weight.data = (2 * blurred * (flat.norm() / blurred.norm())).reshape_as(weight)
