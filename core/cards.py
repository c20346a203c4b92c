"""Model cards: what a weights file is, where it came from, and how good it measured.

A model ships as two files: `name.toml`, the card, and the safetensors file that it names. Loading
checks the digest before a single tensor is read; there is no pickle and no default. Metrics are
written by the evaluation that measured them, never by hand.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from core.errors import WeightsError
from core.files import write_whole

LARGEST = 1 << 33


@dataclass(frozen=True)
class Card:
    """One trained model, as its TOML card tells it.

    Attributes:
        name: which model, such as `watermark-decoder`.
        version: of the weights, in order of release.
        file: name of the safetensors file, in the card's folder.
        sha256: digest of that file, hex.
        licence: SPDX expression for the weights.
        data: what they were trained on, with its licences.
        commit: of the training script.
        trained_at: ISO 8601 date or time.
        metrics: measured figures by name.
        config: arguments that rebuild the module.
        notes: limits a reader must know.
    """

    name: str
    version: str
    file: str
    sha256: str
    licence: str
    data: str
    commit: str
    trained_at: str
    metrics: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    notes: str = ""


def load(card_path: Path) -> tuple[Card, dict[str, Tensor]]:
    """Read a card and the weights that it vouches for.

    Args:
        card_path: the `.toml` file.

    Returns:
        The card and its tensors by name; hand them to `load_state_dict` (strict by default).

    Raises:
        WeightsError: a file is missing or malformed, or the digests differ.
    """
    card = read(card_path)
    path = card_path.parent / card.file
    try:
        if path.stat().st_size > LARGEST:
            raise WeightsError(f"{path.name} is larger than any model here: restore it from the release")
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"the weights of {card.name} are missing: {path}; restore the file") from error
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        raise WeightsError(f"{path.name} is not the file that {card_path.name} describes (SHA-256 {found})")
    try:
        return card, load_tensors(data)
    except SafetensorError as error:
        raise WeightsError(f"{path.name} is no safetensors file: {error}") from error


def read(card_path: Path) -> Card:
    """Read a card alone; errors as in `load`."""
    try:
        values = tomllib.loads(card_path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"model card {card_path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise WeightsError(f"model card {card_path.name} is not TOML: {error}") from error
    return _checked(values, card_path.name)


def write(card: Card, tensors: Mapping[str, Tensor], path: Path) -> Card:
    """Write weights and their card, the card last, so that a card never promises what is not there.

    Args:
        card: what to say; its `file` and `sha256` are replaced by the true ones.
        tensors: parameters and buffers by name.
        path: of the card, `.toml`; the weights go beside it under the same stem.

    Returns:
        The card as written.

    Raises:
        WeightsError: the card's fields have wrong types, or the disk failed.
    """
    data = save_tensors({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()})
    facts = {entry.name: getattr(card, entry.name) for entry in fields(card)}
    facts |= {"file": f"{path.stem}.safetensors", "sha256": hashlib.sha256(data).hexdigest()}
    card = _checked(facts, path.name)
    try:
        write_whole(path.with_name(card.file), data)
        write_whole(path, _toml(facts).encode())
    except OSError as error:
        raise WeightsError(f"cannot write {path}: {error.strerror}") from error
    return card


def _checked(values: Mapping[str, Any], name: str) -> Card:
    known = {entry.name: entry for entry in fields(Card)}
    tables = {"metrics", "config"}
    missing = sorted(known.keys() - values.keys() - tables - {"notes"})
    unknown = sorted(values.keys() - known.keys())
    if missing or unknown:
        raise WeightsError(f"model card {name}: missing {missing}, unknown {unknown}")
    for key, value in values.items():
        if not isinstance(value, Mapping if key in tables else str):
            raise WeightsError(f"model card {name}: {key} has the wrong type ({type(value).__name__})")
    for key, value in values.get("metrics", {}).items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WeightsError(f"model card {name}: metric {key} is not a number")
    if Path(values["file"]).name != values["file"] or values["file"] in ("", ".", ".."):
        raise WeightsError(f"model card {name}: file must be a plain name in the card's folder")
    frozen = {key: MappingProxyType(dict(values.get(key, {}))) for key in tables}
    return Card(**{**values, **frozen})


def _toml(facts: Mapping[str, Any]) -> str:
    """The card as TOML 1.0: plain keys first, then one table each for metrics and config."""
    plain = [f"{key} = {_value(value)}" for key, value in facts.items() if not isinstance(value, Mapping)]
    parts = ["\n".join(plain)]
    for key, table in facts.items():
        if isinstance(table, Mapping) and table:
            lines = [f"{_string(str(name))} = {_value(value)}" for name, value in table.items()]
            parts.append("\n".join([f"[{key}]", *lines]))
    return "\n\n".join(parts) + "\n"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)  # TOML writes inf and nan as Python does
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(entry) for entry in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_string(str(k))} = {_value(v)}" for k, v in value.items()) + "}"
    raise WeightsError(f"a model card cannot hold {type(value).__name__}: convert it first")


def _string(text: str) -> str:
    # A JSON string without surrogate escapes is a TOML basic string, but for the delete character.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
