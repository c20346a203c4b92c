"""Music from audiocraft's models, ready to be tagged at birth.

`load_generator(None)` needs no weights: it is a real MusicGen assembled from audiocraft's own
classes (its debug compression model, a small language model), never trained and named so. It shows
the whole chain on any machine; what it plays is texture, not music. `load_generator("facebook/
musicgen-small")`, another published name or a folder with a checkpoint gives the real thing.

audiocraft 1.3.0 imports packages that no text-to-music model uses: xformers (for one function that
torch has) and spaCy (for tokenisers of other conditioners). Where they are not installed, stand-ins
take their place, which spares 300 MB; using what they stand for raises `ImportError`.
"""

import hashlib
import importlib
import importlib.metadata
import importlib.util
import math
import re
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

import torch
from torch import Tensor

from core.clip import Clip
from core.errors import GenerationError
from core.native import torchaudio

UNTRAINED = "audiocraft-untrained-debug"
SAMPLE_RATE = 32_000
WEIGHTS = ("compression_state_dict.bin", "state_dict.bin")
LICENCES = {"facebook/": "CC-BY-NC-4.0"}
"""Of published weights, as their model cards state it."""
LONGEST_PROMPT = 2000
CONTEXT = 0.4
"""Of the longest that a model plays at once: so much of what is there the next window hears (12 of 30 s)."""
LOUDNESS_RMS = 0.12
PEAK = 0.9
LONGEST_S = 300.0
Steps = Callable[[int, int], None]
"""Called with the tokens that are done and all of them."""


@dataclass(frozen=True)
class Order:
    """A track that is asked for.

    Attributes:
        prompt: what the music should be like, at most `LONGEST_PROMPT` characters.
        model: name or folder for `load_generator`.
        seconds: length; of a continuation, together with its beginning.
        seed: repeats a former run; None draws one.
        melody: audio whose tune is to be followed, by a model that can.
        beginning: audio that is to be continued.
    """

    prompt: str
    model: str | None = None
    seconds: float = 20.0
    seed: int | None = None
    melody: Clip | None = None
    beginning: Clip | None = None

    def __post_init__(self) -> None:
        if len(self.prompt) > LONGEST_PROMPT:
            raise GenerationError(
                f"the prompt has {len(self.prompt)} characters; at most {LONGEST_PROMPT} are taken"
            )
        if not 0 < self.seconds <= LONGEST_S:
            raise GenerationError(f"cannot generate {self.seconds:g} s: ask for up to {LONGEST_S:g} s")
        if self.melody is not None and self.beginning is not None:
            raise GenerationError(
                "a model follows a melody or continues a beginning, not both: leave one out"
            )
        if self.beginning is not None and self.beginning.duration_s >= self.seconds:
            raise GenerationError(
                f"the beginning lasts {self.beginning.duration_s:.1f} s already: ask for more seconds"
            )


class Generator(Protocol):
    """Anything that turns an order into audio.

    Attributes:
        name: of the model, as the record will state it.
        sample_rate: of what `stream` yields, in Hz.
        channels: of the same.
        weights_sha256: digest of its weights, where they are known.
        licence: of its weights, where it is known.
    """

    name: str
    sample_rate: int
    channels: int
    weights_sha256: str | None
    licence: str | None

    def stream(self, order: Order, seed: int, progress: Steps | None = None) -> Iterator[Tensor]:
        """New audio, each [C, any length] float32 in [-1, 1] as soon as it is made; the same for a seed."""
        ...


@dataclass(frozen=True)
class Abilities:
    """What a model can do besides playing to a prompt."""

    reads_text: bool = True
    follows_melody: bool = False
    continues: bool = True


class AudiocraftGenerator:
    """One audiocraft model behind the `Generator` protocol; build it with `load_generator`."""

    def __init__(
        self,
        name: str,
        model: Any,
        abilities: Abilities,
        *,
        weights_sha256: str | None = None,
        licence: str | None = None,
    ) -> None:
        self.name, self.abilities = name, abilities
        self.sample_rate, self.channels = int(model.sample_rate), int(model.audio_channels)
        self.weights_sha256, self.licence = weights_sha256, licence
        self._model = model
        self._longest_s = float(model.max_duration)

    def stream(self, order: Order, seed: int, progress: Steps | None = None) -> Iterator[Tensor]:
        """Generate audio, one window of the model after the other.

        Args:
            order: what is asked for; its beginning comes at this generator's rate and channels.
            seed: the same seed gives the same audio on the same machine.
            progress: called with (steps done, steps in all) of each window.

        Yields:
            New audio at `self.sample_rate`, [C, T] float32, peak at most 0.9, all at the gain that makes the
            first window moderately loud, or as loud as the beginning that it continues.

        Raises:
            GenerationError: a model that cannot do what is asked, fails, or returns silence.
        """
        self._refuse(order)
        self._model.set_custom_progress_callback(progress)
        longest = int(self._longest_s * self.sample_rate)
        total = math.ceil(order.seconds * self.sample_rate)
        past = torch.zeros(self.channels, 0) if order.beginning is None else order.beginning.wav
        done, number, level = past.shape[-1], 0, None
        while done < total:
            prompt = past[:, -int(CONTEXT * longest) :]
            length = min(longest, prompt.shape[-1] + total - done)
            made = self._window(order, prompt, length, seed + number, told=progress is not None)
            level = level or _level(made, prompt, self.name)
            new = made[:, prompt.shape[-1] :][:, : total - done]
            if not new.shape[-1]:
                raise GenerationError(f"{self.name} added nothing: ask for fewer seconds")
            yield level.applied(new)
            past, done, number = torch.cat([prompt, new], -1), done + new.shape[-1], number + 1

    def _refuse(self, order: Order) -> None:
        can = self.abilities
        if order.melody is not None and not can.follows_melody:
            raise GenerationError(f"{self.name} follows no melody: facebook/musicgen-melody does")
        if order.beginning is not None and not can.continues:
            raise GenerationError(f"{self.name} continues nothing: a MusicGen or AudioGen does")
        if order.seconds > self._longest_s and (order.melody is not None or not can.continues):
            raise GenerationError(f"{self.name} does that for up to {self._longest_s:g} s: ask for as much")

    def _window(self, order: Order, prompt: Tensor, length: int, seed: int, *, told: bool) -> Tensor:
        """What the model makes at once: the prompt as it heard it, and what comes after, [C, T]."""
        model = self._model
        texts = [order.prompt if self.abilities.reads_text else None]
        devices = [model.device] if model.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            try:
                if self.abilities.continues:  # the others always play as long as they can
                    model.set_generation_params(
                        duration=min(length / self.sample_rate + 0.05, self._longest_s)
                    )
                if prompt.shape[-1]:
                    made = model.generate_continuation(prompt[None], self.sample_rate, texts, progress=told)
                elif order.melody is not None:
                    tune = order.melody
                    made = model.generate_with_chroma(texts, tune.wav[None], tune.sample_rate, progress=told)
                elif self.abilities.reads_text:
                    made = model.generate(texts, progress=told)
                else:
                    made = model.generate_unconditional(1, progress=told)
            except (RuntimeError, AssertionError, ValueError) as error:
                raise GenerationError(f"{self.name} failed: {error}") from error
        wav: Tensor = made[0].detach().float().cpu()
        return wav


@dataclass(frozen=True)
class _Level:
    """A gain, and an offset that is taken away first."""

    offset: Tensor
    gain: float

    def applied(self, wav: Tensor) -> Tensor:
        return ((wav - self.offset) * self.gain).clamp(-PEAK, PEAK)


def _level(made: Tensor, prompt: Tensor, name: str) -> _Level:
    """Moderate loudness without offset: models, and untrained ones above all, do not care.

    What continues a beginning is turned up or down as the model's copy of that beginning would have to be.
    """
    told = prompt.shape[-1]
    heard = made[:, :told] if told else made
    offset = heard.mean(dim=-1, keepdim=True)
    rms = float((heard - offset).square().mean().sqrt()) if heard.numel() else 0.0
    if not math.isfinite(rms) or rms < 1e-6:
        raise GenerationError(f"{name} returned silence: try another seed")
    wanted = float(prompt.square().mean().sqrt()) if told else LOUDNESS_RMS
    return _Level(offset, wanted / rms)


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
    folder = _checked(model)
    models = audiocraft_models()
    if model is None or model == UNTRAINED:
        untrained = _untrained(models)
        digest = _tensors_sha256(untrained.compression_model, untrained.lm)
        return AudiocraftGenerator(
            UNTRAINED, untrained, Abilities(reads_text=False), weights_sha256=digest, licence="MIT"
        )
    name = model if folder is None else folder.name
    kind = next((word for word in ("magnet", "audiogen") if word in name.lower()), "musicgen")
    family = {"magnet": models.MAGNeT, "audiogen": models.AudioGen, "musicgen": models.MusicGen}[kind]
    try:
        loaded = family.get_pretrained(str(folder or model))
    except Exception as error:  # the loaders raise whatever the hub, the disk or pickle raises
        raise GenerationError(
            f"no weights for {model!r}: {_first_line(error)}. Give a folder that holds state_dict.bin and "
            "compression_state_dict.bin, check the network and the name, or leave the model out"
        ) from error
    conditioners = loaded.lm.condition_provider.conditioners
    abilities = Abilities(
        reads_text=True,
        follows_melody=kind == "musicgen" and "self_wav" in conditioners,
        continues=kind != "magnet",
    )
    licence = next(
        (text for start, text in LICENCES.items() if folder is None and name.startswith(start)), None
    )
    return AudiocraftGenerator(
        name, loaded, abilities, weights_sha256=_weights_sha256(folder, name), licence=licence
    )


def _checked(model: str | None) -> Path | None:
    """The folder that a model names, if it does; refused before anything is loaded or asked for."""
    if model is None or model == UNTRAINED:
        return None
    if len(model) <= 255 and Path(model).is_dir():
        missing = [name for name in WEIGHTS if not (Path(model) / name).is_file()]
        if missing:
            raise GenerationError(f"{model} holds no model: {' and '.join(missing)} are not there")
        return Path(model)
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", model) or Path(model).exists():
        raise GenerationError(
            f"{model[:100]!r} is neither a folder with a model nor a published name: "
            "facebook/musicgen-small is one"
        )
    return None


def _weights_sha256(folder: Path | None, name: str) -> str | None:
    """What `sha256sum compression_state_dict.bin state_dict.bin | sha256sum` tells of a model's two files."""
    paths = []
    for file in WEIGHTS:
        path = None if folder is None else folder / file
        if folder is None:
            found = importlib.import_module("huggingface_hub").try_to_load_from_cache(name, file)
            path = Path(found) if isinstance(found, str) else None
        if path is None:
            return None
        paths.append(path)
    lines = ""
    for path in paths:
        with path.open("rb") as opened:
            lines += f"{hashlib.file_digest(opened, 'sha256').hexdigest()}  {path.name}\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def _tensors_sha256(*parts: torch.nn.Module) -> str:
    """Digest of weights that are in no file: each tensor's name and bytes, in order of the names."""
    digest = hashlib.sha256()
    for part in parts:
        for name, tensor in sorted(part.state_dict().items()):
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def version() -> str:
    """Of audiocraft, as installed."""
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


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
