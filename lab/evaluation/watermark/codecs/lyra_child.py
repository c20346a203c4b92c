"""Lyra v2 (Apache-2.0), asked by standard input in an environment that has a TFLite runtime and NumPy.

    python -m lab.evaluation.watermark.codecs.lyra_child FOLDER

FOLDER holds the three files of Lyra's repository, `lyra/model_coeffs/*.tflite`. Each line in is JSON:
`{"path": x.npy, "stages": [16, ...], "out": y.npy}`; each line out `{}`. Audio is [T] float32 at 16 kHz, what
comes out [stages, T]. A frame of 20 ms is quantised by up to 46 stages of 4 bits; 0 stages leave it as it is.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HOP = 320
Floats = NDArray[np.float32]


class Lyra:
    """The encoder, the quantiser and the decoder, which remember what they heard until `of` begins anew."""

    def __init__(self, folder: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._encoder, quantiser, self._decoder = (
            Interpreter(str(folder / f"{name}.tflite"), num_threads=1)
            for name in ("soundstream_encoder", "quantizer", "lyragan")
        )
        quantiser.allocate_tensors()
        self._encode = quantiser.get_signature_runner("encode")
        self._decode = quantiser.get_signature_runner("decode")

    def of(self, wav: Floats, stages: list[int]) -> Floats:
        """Audio, [T], through the codec at each number of stages, [len(stages), T]."""
        padded = np.pad(wav, (0, -len(wav) % HOP)).astype(np.float32)
        features = _each(self._encoder, padded.reshape(-1, 1, HOP))
        heard = [
            _each(self._decoder, [self._quantised(frame, count) for frame in features]) for count in stages
        ]
        return np.stack([np.concatenate(frames, None)[: len(wav)] for frames in heard])

    def _quantised(self, frame: Floats, count: int) -> Floats:
        if count == 0:
            return frame
        codes = self._encode(input_frames=frame, num_quantizers=np.int32(count))["output_0"]
        quantised: Floats = self._decode(encoding_indices=codes)["output_0"]
        return quantised


def _each(network: Any, inputs: Any) -> list[Floats]:
    network.allocate_tensors()
    network.reset_all_variables()
    entry, end = network.get_input_details()[0]["index"], network.get_output_details()[0]["index"]
    outputs = []
    for frame in inputs:
        network.set_tensor(entry, frame)
        network.invoke()
        outputs.append(network.get_tensor(end))
    return outputs


def main() -> None:
    """Answer until the questions end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the runtime may print
    lyra = Lyra(Path(sys.argv[1]))
    for line in sys.stdin:
        asked = json.loads(line)
        np.save(asked["out"], lyra.of(np.load(asked["path"]), asked["stages"]))
        answers.write("{}\n")
        answers.flush()


if __name__ == "__main__":
    main()
