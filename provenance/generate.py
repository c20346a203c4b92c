"""Music from audiocraft's models, ready to be tagged at birth.

`load_generator(None)` needs no weights: it is a real MusicGen assembled from audiocraft's own
classes (its debug compression model, a small language model), never trained and named so. It shows
the whole chain on any machine; what it plays is texture, not music. `load_generator("facebook/
musicgen-small")`, another published name or a folder with a checkpoint gives the real thing.

audiocraft 1.3.0 imports packages that no text-to-music model uses: xformers (for one function that
torch has) and spaCy (for tokenisers of other conditioners). Where they are not installed, stand-ins
take their place, which spares 300 MB; using what they stand for raises `ImportError`.
"""

import importlib.metadata
import importlib.util
import math
import secrets
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import torch
from torch import Tensor

from core import clock
from core.clip import Clip, Source
from core.errors import GenerationError
from core.native import torchaudio
from core.progress import Progress
from provenance.records.involvement import Generation

UNTRAINED = "audiocraft-untrained-debug"
SAMPLE_RATE = 32_000
LOUDNESS_RMS = 0.12
PEAK = 0.9
LONGEST_S = 300.0
Steps = Callable[[int, int], None]
"""Called with the tokens that are done and all of them."""
UNTRAINED_TEXT = (
    "{name}: a real MusicGen built from audiocraft's own classes, with random weights as none are at hand; "
    "it plays texture, not music, and cannot follow the prompt (--model facebook/musicgen-small does)"
)


@dataclass(frozen=True)
class Order:
    """A track that is asked for.

    Attributes:
        prompt: what the music should be like.
        model: name or folder for `load_generator`.
        seconds: length.
        seed: repeats a former run; None draws one.
    """

    prompt: str
    model: str | None = None
    seconds: float = 20.0
    seed: int | None = None


class Generator(Protocol):
    """Anything that turns a prompt into audio.

    Attributes:
        name: of the model, as the record will state it.
        sample_rate: of what `generate` returns, in Hz.
    """

    name: str
    sample_rate: int

    def generate(self, prompt: str, seconds: float, seed: int, progress: Steps | None = None) -> Tensor:
        """Audio for a prompt, [C, T] float32 in [-1, 1], the same for the same seed."""
        ...


class AudiocraftGenerator:
    """One audiocraft model behind the `Generator` protocol; build it with `load_generator`."""

    def __init__(self, name: str, model: Any, *, reads_text: bool) -> None:
        self.name = name
        self.sample_rate = int(model.sample_rate)
        self.reads_text = reads_text
        self._model = model

    def generate(self, prompt: str, seconds: float, seed: int, progress: Steps | None = None) -> Tensor:
        """Generate audio.

        Args:
            prompt: what to play; an untrained model has no ears for it (`reads_text` is False).
            seconds: length wanted, up to five minutes.
            seed: the same seed gives the same audio on the same machine.
            progress: called with (steps done, steps in all).

        Returns:
            Audio at `self.sample_rate`, [C, T] float32, of moderate loudness, peak at most 0.9.

        Raises:
            GenerationError: an impossible length, a model that fails, or one that returns silence.
        """
        if not 0 < seconds <= LONGEST_S:
            raise GenerationError(f"cannot generate {seconds:g} s: ask for up to {LONGEST_S:g} s")
        self._model.set_generation_params(duration=seconds)
        self._model.set_custom_progress_callback(progress)
        devices = [self._model.device] if self._model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            try:
                if self.reads_text:
                    wav = self._model.generate([prompt], progress=progress is not None)[0]
                else:
                    wav = self._model.generate_unconditional(1, progress=progress is not None)[0]
            except (RuntimeError, AssertionError, ValueError) as error:
                raise GenerationError(f"{self.name} failed: {error}") from error
        wav = wav.detach().float().cpu()[:, : math.ceil(seconds * self.sample_rate)]
        return _levelled(wav, self.name)


def load_generator(model: str | None = None) -> Generator:
    """Load a text-to-music model; the first call in a process takes seconds.

    Args:
        model: None or `audiocraft-untrained-debug` for the untrained one; else a published name
            such as `facebook/musicgen-small` or `facebook/audiogen-medium` (downloaded by
            audiocraft on first use, never without being named here), or a folder with
            `state_dict.bin` and `compression_state_dict.bin`.

    Raises:
        GenerationError: audiocraft is not installed, or the weights are not to be had.
    """
    models = audiocraft_models()
    if model is None or model == UNTRAINED:
        return AudiocraftGenerator(UNTRAINED, _untrained(models), reads_text=False)
    name = Path(model).name if Path(model).is_dir() else model
    family = models.AudioGen if "audiogen" in name.lower() else models.MusicGen
    try:
        loaded = family.get_pretrained(model)
    except Exception as error:  # the loaders raise whatever the hub, the disk or pickle raises
        raise GenerationError(
            f"no weights for {model!r}: {_first_line(error)}. Give a folder that holds state_dict.bin and "
            "compression_state_dict.bin, check the network and the name, or leave the model out"
        ) from error
    return AudiocraftGenerator(name, loaded, reads_text=True)


def generate_clip(
    order: Order, *, progress: Progress | None = None, generator: Generator | None = None
) -> tuple[Clip, Generation, str]:
    """Generate audio and the statement of what made it.

    Args:
        order: what is asked for.
        progress: called with (step, fraction done).
        generator: used instead of loading `order.model`.

    Returns:
        The audio, its `Generation` for the record, and a sentence about the model.

    Raises:
        GenerationError: the model cannot be loaded or fails.
    """
    report = progress or (lambda _step, _fraction: None)
    started = clock.now_text()
    report("load the model", 0.0)
    generator = generator or load_generator(order.model)
    seed = secrets.randbits(31) if order.seed is None else order.seed
    wav = generator.generate(
        order.prompt,
        order.seconds,
        seed,
        lambda done, total: report("generate", 0.1 + 0.8 * done / max(total, 1)),
    )
    generation = Generation(
        provider="Meta" if generator.name.startswith("facebook/") else "audiocraft",
        system=generator.name,
        system_version=f"audiocraft {_version()}",
        created_or_altered="created",
        started_at=started,
        finished_at=clock.now_text(),
        model=generator.name,
    )
    text = UNTRAINED_TEXT if generator.name == UNTRAINED else "{name}"
    clip = Clip(wav, generator.sample_rate, Source("generated", "0" * 64, 0, "none", "none"))
    told = f"; {clip.duration_s:.1f} s at {clip.sample_rate} Hz, seed {seed}"
    return clip, generation, text.format(name=generator.name) + told


def _version() -> str:
    try:
        return importlib.metadata.version("audiocraft")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _untrained(models: Any) -> Any:
    """A MusicGen with random weights, the same ones every time."""
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
    return models.MusicGen(UNTRAINED, compression, language.eval(), max_duration=30)


def _smooth(decoder: torch.nn.Module) -> None:
    """Blur the random kernels along time and double them: hiss above 7 kHz becomes hum and rattle.

    Independent weights make a decoder that plays white noise through a high-pass (97 % of the energy
    above 7 kHz); blurred ones put it where music has its own, so that a demonstration has something
    to mark and to fingerprint. Measured after: 50 % between 1 and 3 kHz, 48 % below, and the level
    varies by 8 dB instead of 0.2.
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


def audiocraft_models() -> Any:
    """Import audiocraft, with torchaudio and the stand-ins in place first."""
    try:
        torchaudio()
        if _absent("xformers"):
            _stand_in("xformers", ops=_stand_in("xformers.ops", unbind=torch.unbind))
        if _absent("spacy"):
            _stand_in("spacy")
        return importlib.import_module("audiocraft.models")
    except ImportError as error:
        raise GenerationError(f"audiocraft cannot be imported ({error}): run `make install`") from error


def _absent(name: str) -> bool:
    return name not in sys.modules and importlib.util.find_spec(name) is None


def _stand_in(name: str, **members: object) -> types.ModuleType:
    """Put an empty module in place of an absent one; whatever it lacks raises on use."""

    def absent(attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise ImportError(f"{name}.{attribute} is needed after all: pip install {name.split('.')[0]}")

    module = types.ModuleType(name, f"Stands in for {name}, which is not installed (provenance.generate).")
    vars(module).update(members, __getattr__=absent)
    return sys.modules.setdefault(name, module)


def _levelled(wav: Tensor, name: str) -> Tensor:
    """Without offset and at moderate loudness: models, and untrained ones above all, do not care."""
    wav = wav - wav.mean(dim=-1, keepdim=True)
    rms = float(wav.square().mean().sqrt()) if wav.numel() else 0.0
    if not math.isfinite(rms) or rms < 1e-6:
        raise GenerationError(f"{name} returned silence: try another seed")
    return (wav * (LOUDNESS_RMS / rms)).clamp(-PEAK, PEAK)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
