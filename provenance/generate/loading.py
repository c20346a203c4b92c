"""A model by its name or its folder."""

import hashlib
import importlib
import re
from pathlib import Path

from core.errors import GenerationError, WeightsError
from provenance.generate import composer
from provenance.generate.imported import audiocraft_models
from provenance.generate.order import Generator
from provenance.generate.playing import Abilities, AudiocraftGenerator

WEIGHTS = ("compression_state_dict.bin", "state_dict.bin")
LICENCES = {"facebook/": "CC-BY-NC-4.0"}
"""Of published weights, as their model cards state it."""


def load_generator(model: str | None = None) -> Generator:
    """Load a text-to-music model; the first call in a process takes seconds.

    Args:
        model: None for the small one that is part of this package; else a published name such as
            `facebook/musicgen-small` or `facebook/audiogen-medium` (downloaded by audiocraft on
            first use, never without being named here), or a folder with `state_dict.bin` and
            `compression_state_dict.bin`, or with `composer.toml` and its weights.

    Raises:
        GenerationError: audiocraft is not installed, or the weights are not to be had.
    """
    if model is None:
        return _composer(composer.SHIPPED)
    folder = _checked(model)
    models = audiocraft_models()
    if folder is not None and (folder / composer.CARD).is_file():
        return _composer(folder)
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


def _composer(folder: Path) -> Generator:
    """A model that the lab trained, under the name and licence of its card."""
    try:
        card, made = composer.load(folder)
    except WeightsError as error:
        raise GenerationError(f"no weights in {folder}: {error}") from error
    return AudiocraftGenerator(
        card.name,
        made.player(card.name),
        Abilities(reads_text=False),
        weights_sha256=card.sha256,
        licence=card.licence,
    )


def _checked(model: str) -> Path | None:
    """The folder that a model names, if it does; refused before anything is loaded or asked for."""
    if len(model) <= 255 and Path(model).is_dir():
        missing = [name for name in WEIGHTS if not (Path(model) / name).is_file()]
        if missing and not (Path(model) / composer.CARD).is_file():
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


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
