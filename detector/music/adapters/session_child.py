"""The process that holds a stranger's checkpoint: locked in before the first byte of it is parsed.

ONNX and TorchScript files are programs of a kind, parsed by large C++ libraries. So the library is imported
first, then the process gives up files, sockets and other programs for good (`core.sandbox`), and only then
the checkpoint arrives, over the one socket that it has. Run by `session` as a script, so that nothing else of
Trackmark is loaded; standard library, `core.sandbox` and one runtime.

Messages are a length (u32, little-endian) and a body. In: JSON of what to do, then the checkpoint, then any
number of batches of windows (float32, n times the window). Out: JSON, `{"ready": outputs}` or
`{"values": [log-odds of each window]}` or `{"error": text}`.
"""

import json
import math
import os
import socket
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.sandbox import limit_resources, refuse_system_calls

Samples = NDArray[np.float32]
Model = Callable[[Samples], NDArray[np.float64]]
LEAST_ODDS = 1e-7


def onnx(data: bytes) -> Model:
    """A model from ONNX bytes: first input to first output, one thread, no other execution provider."""
    import onnxruntime  # type: ignore[import-untyped]  # ships no types

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda window: np.asarray(session.run(None, {name: window})[0], np.float64).ravel()


def torchscript(data: bytes) -> Model:
    """A model from TorchScript bytes."""
    import io

    import torch

    module = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()  # type: ignore[no-untyped-call]

    def run(window: Samples) -> NDArray[np.float64]:
        with torch.inference_mode():
            found = module(torch.from_numpy(window))
        return np.asarray(found.double().numpy(), np.float64).ravel()

    return run


def log_odds(outputs: NDArray[np.float64], kind: str, index: int) -> float:
    """The log-odds that an output stands for.

    Args:
        outputs: of the model for one window, [K].
        kind: as in the manifest.
        index: which of several.

    Raises:
        ValueError: the output does not fit the manifest, or is no number.
    """
    if not np.isfinite(outputs).all():
        raise ValueError("the model's output is not a number")
    if index >= outputs.size or (kind in ("logit", "probability") and outputs.size != 1):
        raise ValueError(f"the model gives {outputs.size} numbers, not what the manifest says")
    value = float(outputs[index])
    if kind == "logit":
        return value
    if kind == "logits":
        others = np.delete(outputs, index)
        if not others.size:
            raise ValueError("logits need two classes or more")
        top = float(others.max())
        return value - top - math.log(float(np.exp(others - top).sum()))
    if not -1e-6 <= value <= 1 + 1e-6:
        raise ValueError(f"the model gives {value:g}, which is no probability")
    value = min(max(value, LEAST_ODDS), 1 - LEAST_ODDS)
    return math.log(value / (1 - value))


def serve(control: socket.socket) -> None:
    """Load one checkpoint and answer until the other side goes away."""
    task: Mapping[str, Any] = json.loads(_receive(control))
    window = math.prod(task["shape"])
    try:
        _import(task["format"])
        limit_resources(memory_bytes=task["memory_bytes"], seconds=task["lifetime_s"])
        if not refuse_system_calls(code=True) and sys.platform == "linux":
            raise OSError("the process could not be locked in: this kernel refuses seccomp")
        model = (onnx if task["format"] == "onnx" else torchscript)(_receive(control))
        _answer(control, {"ready": int(model(np.zeros(task["shape"], np.float32)).size)})
        while body := _receive(control):
            windows = np.frombuffer(body, np.float32).reshape(-1, window)
            outputs = [model(w.reshape(task["shape"]).copy()) for w in windows]
            _answer(control, {"values": [log_odds(o, task["output"], task["index"]) for o in outputs]})
    except Exception as error:
        text = str(error).strip().splitlines()[-1:] or [""]
        _answer(control, {"error": f"{type(error).__name__}: {text[0]}"[:400]})


def _import(kind: str) -> None:
    """Load the runtime, and let it look at the machine, while files can still be opened."""
    if kind == "onnx":
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        onnxruntime.get_available_providers()
    else:
        import torch

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        torch.jit.script(_warm)(torch.zeros(8))


def _warm(x: Any) -> Any:
    return x


def _receive(control: socket.socket) -> bytes:
    """The next message; empty where there is none."""
    head = _exactly(control, 4)
    return _exactly(control, struct.unpack("<I", head)[0]) if len(head) == 4 else b""


def _exactly(control: socket.socket, length: int) -> bytes:
    parts = bytearray()
    while len(parts) < length and (got := os.read(control.fileno(), min(length - len(parts), 1 << 20))):
        parts += got
    return bytes(parts)


def _answer(control: socket.socket, value: Mapping[str, Any]) -> None:
    body = json.dumps(value).encode()
    view = memoryview(struct.pack("<I", len(body)) + body)
    while view:  # `read` and `write`: all that a locked-in process may do with a socket
        view = view[os.write(control.fileno(), view) :]


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    os._exit(0)
