"""Tiny checkpoints, written out by hand: an ONNX file is a protocol buffer (onnx.proto3, IR version 8)."""

import hashlib
import struct
from pathlib import Path

RATE = 16000
WINDOW_S = 1.0


def brightness(gain: float = 20.0) -> bytes:
    """ONNX: mean |x[t + 1] - x[t]| over mean |x|, times a gain; [1, 1, T] to [1]. Deaf to level."""
    nodes = [
        node("Conv", ["x", "kernel"], ["d"]),
        node("Abs", ["d"], ["e"]),
        node("ReduceMean", ["e"], ["f"], keepdims=0),
        node("Abs", ["x"], ["g"]),
        node("ReduceMean", ["g"], ["h"], keepdims=0),
        node("Add", ["h", "tiny"], ["i"]),
        node("Div", ["f", "i"], ["j"]),
        node("Mul", ["j", "gain"], ["y"]),
    ]
    constants = [
        tensor("kernel", (1, 1, 2), [1.0, -1.0]),
        tensor("tiny", (1,), [1e-6]),
        tensor("gain", (1,), [gain]),
    ]
    return model(nodes, constants)


def broken() -> bytes:
    """ONNX: divides by zero."""
    return model(
        [node("ReduceMean", ["x"], ["m"], keepdims=0), node("Div", ["m", "zero"], ["y"])],
        [tensor("zero", (1,), [0.0])],
    )


def model(nodes: list[bytes], constants: list[bytes]) -> bytes:
    """A model from `x` [1, 1, T] to `y` [1]."""
    shape = (1, 1, round(RATE * WINDOW_S))
    graph = b"".join(field(1, n) for n in nodes) + field(2, b"g") + b"".join(field(5, c) for c in constants)
    graph += field(11, value("x", shape)) + field(12, value("y", (1,)))
    return varint_field(1, 8) + field(7, graph) + field(8, field(1, b"") + varint_field(2, 13))


def node(operation: str, inputs: list[str], outputs: list[str], **integers: int) -> bytes:
    parts = [field(1, n.encode()) for n in inputs] + [field(2, n.encode()) for n in outputs]
    parts.append(field(4, operation.encode()))
    for name, number in integers.items():
        parts.append(field(5, field(1, name.encode()) + varint_field(3, number) + varint_field(20, 2)))
    return b"".join(parts)


def tensor(name: str, shape: tuple[int, ...], values: list[float]) -> bytes:
    dims = b"".join(varint_field(1, n) for n in shape)
    raw = struct.pack(f"<{len(values)}f", *values)
    return dims + varint_field(2, 1) + field(8, name.encode()) + field(9, raw)


def value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(field(1, varint_field(1, n)) for n in shape)
    return field(1, name.encode()) + field(2, field(1, varint_field(1, 1) + field(2, dims)))


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint_field(number: int, value_: int) -> bytes:
    return varint(number << 3) + varint(value_)


def varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def written(folder: Path, data: bytes, **changes: object) -> Path:
    """A manifest and its checkpoint in a folder; its values may be replaced or, by None, left out."""
    folder.mkdir(parents=True, exist_ok=True)
    facts: dict[str, object] = {
        "name": "bright",
        "version": "1",
        "file": "model.bin",
        "sha256": hashlib.sha256(data).hexdigest(),
        "format": "onnx",
        "licence": "MIT",
        "sample_rate": RATE,
        "window_s": WINDOW_S,
        "channels": 1,
        "output": "logit",
        "high": "synthetic",
    } | changes
    lines = [f"{k} = {_toml(v)}" for k, v in facts.items() if v is not None]
    (folder / "model.bin").write_bytes(data)
    path = folder / "manifest.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _toml(value_: object) -> str:
    if isinstance(value_, bool):
        return str(value_).lower()
    return f'"{value_}"' if isinstance(value_, str) else str(value_)
