"""Other people's detectors as guests: a manifest says what a checkpoint is, and nothing is taken on trust.

A checkpoint is one self-contained file, ONNX or TorchScript, that takes a waveform and gives one number or
one per class. Anything that needs Python code to be rebuilt (a pickle, a bare state dict, safetensors) is
refused: unpickling runs what the file says, and a state dict is no model. Export such a model once, front end
included, with `torch.onnx.export` or `torch.jit.script`. The file is checked against its digest and only ever
opened in `worker`, a process that can reach nothing.

What its output means is measured, not believed, see `trial`.
"""

import hashlib
import math
import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from core.errors import WeightsError

Format = Literal["onnx", "torchscript"]
Output = Literal["logit", "probability", "logits", "probabilities"]
High = Literal["synthetic", "bona_fide"]

LARGEST = 2 << 30
RATES = (8000, 96000)
WINDOW_S = (0.5, 60.0)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Adapter:
    """A checkpoint as its manifest tells it.

    Attributes:
        name: short name, lower case; also the folder that it is kept under.
        version: of the checkpoint.
        file: its file name, in the manifest's folder.
        sha256: digest of that file, hex.
        format: how it is stored.
        licence: SPDX expression of the checkpoint; non-commercial ones are for research only.
        source: where it comes from, for people.
        sample_rate: of its input, in Hz.
        window_s: length of its input, in seconds; longer audio is cut, the scores are averaged.
        batched: whether its input is [1, T] (or [1, C, T]) rather than [T].
        channels: of its input; 0 for none ([1, T] or [T]), 1 for a mono channel axis ([1, 1, T]).
        output: `logit` or `probability`, one number; `logits` or `probabilities`, one per class.
        index: position of the class that `high` names, among the outputs.
        high: what a high value speaks for, as its authors say; tested before it counts.
        notes: anything else for people.
    """

    name: str
    version: str
    file: str
    sha256: str
    format: Format
    licence: str
    sample_rate: int
    window_s: float
    output: Output
    high: High
    source: str = ""
    batched: bool = True
    channels: int = 0
    index: int = 0
    notes: str = ""

    @property
    def window(self) -> int:
        """Samples of one input."""
        return round(self.window_s * self.sample_rate)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        axes = (1,) * self.channels + (self.window,)
        return (1, *axes) if self.batched else axes

    @property
    def axes(self) -> dict[str, Any]:
        """What the worker needs to know."""
        return {"format": self.format, "shape": list(self.shape), "output": self.output, "index": self.index}

    def score(self, values: list[float]) -> float:
        """One score for a recording: the mean log-odds over its windows, high for synthetic."""
        mean = math.fsum(values) / len(values)
        return mean if self.high == "synthetic" else -mean


def read(path: Path) -> Adapter:
    """Read a manifest.

    Args:
        path: of the TOML file.

    Raises:
        WeightsError: it cannot be read, a field is missing, unknown or out of range.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WeightsError(f"the manifest {path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise WeightsError(f"the manifest {path.name} is not TOML: {error}") from error
    return _checked(values, path.name)


def checkpoint(manifest: Path) -> tuple[Adapter, bytes]:
    """Read a manifest and the file that it vouches for.

    Raises:
        WeightsError: as in `read`; or the file is missing, another one than described, or a pickle.
    """
    adapter = read(manifest)
    path = manifest.parent / adapter.file
    try:
        if path.stat().st_size > LARGEST:
            raise WeightsError(f"{path.name} is larger than {LARGEST >> 30} GiB")
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"the checkpoint {path} cannot be read ({error.strerror})") from error
    found = hashlib.sha256(data).hexdigest()
    if found != adapter.sha256:
        raise WeightsError(f"{path.name} is not the file that {manifest.name} describes (SHA-256 {found})")
    if data.startswith(_PICKLES):
        raise WeightsError(f"{path.name} is a pickle, which runs code when opened: export it to ONNX")
    if (adapter.format == "torchscript") != data.startswith(_ZIP):
        raise WeightsError(f"{path.name} does not look like {adapter.format}: export the model again")
    return adapter, data


def _checked(values: dict[str, Any], name: str) -> Adapter:
    known = {f.name: f for f in fields(Adapter)}
    kinds: dict[str, type | tuple[type, ...]] = {
        "sample_rate": int,
        "window_s": (int, float),
        "batched": bool,
        "channels": int,
        "index": int,
    }
    required = {n for n, f in known.items() if f.default is MISSING}
    missing, unknown = sorted(required - values.keys()), sorted(values.keys() - known.keys())
    if missing or unknown:
        raise WeightsError(f"the manifest {name}: missing {missing}, unknown {unknown}")
    for key, value in values.items():
        kind = kinds.get(key, str)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise WeightsError(f"the manifest {name}: {key} has the wrong type ({type(value).__name__})")
    adapter = Adapter(**{**values, "window_s": float(values["window_s"])})
    problems = [
        (_NAME.fullmatch(adapter.name) is None, "name must be lower case letters, digits, '.', '_', '-'"),
        (Path(adapter.file).name != adapter.file, "file must be a plain name in the manifest's folder"),
        (re.fullmatch(r"[0-9a-f]{64}", adapter.sha256) is None, "sha256 must be 64 hex digits"),
        (not adapter.licence.strip(), "licence is empty: say what you know, or LicenseRef-unknown"),
        (adapter.format not in get_args(Format), f"format must be one of {get_args(Format)}"),
        (adapter.output not in get_args(Output), f"output must be one of {get_args(Output)}"),
        (adapter.high not in get_args(High), f"high must be one of {get_args(High)}"),
        (not RATES[0] <= adapter.sample_rate <= RATES[1], f"sample_rate must be {RATES[0]} to {RATES[1]} Hz"),
        (
            not WINDOW_S[0] <= adapter.window_s <= WINDOW_S[1],
            f"window_s must be {WINDOW_S[0]} to {WINDOW_S[1]}",
        ),
        (adapter.channels not in (0, 1), "channels must be 0 (no such axis) or 1"),
        (adapter.index < 0, "index must not be negative"),
    ]
    for wrong, text in problems:
        if wrong:
            raise WeightsError(f"the manifest {name}: {text}")
    return adapter
