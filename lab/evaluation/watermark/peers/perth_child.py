"""resemble-perth (MIT; its wheel carries its weights), asked by standard input in an environment of its own.

Each line in is JSON: `{"do": "mark" | "detect", "path": x.npy, "rate": Hz, "out": y.npy}`; each line out
`{}` or `{"confidence": 0 to 1}`. Audio is [T] float32.
"""

import json
import os
import sys

import numpy as np

from core.native import torchaudio

torchaudio()  # Perth imports it on its own account
import perth  # noqa: E402


def main() -> None:
    """Answer until the questions end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Perth prints that it has loaded
    watermarker = perth.PerthImplicitWatermarker()
    for line in sys.stdin:
        asked = json.loads(line)
        wav, told = np.load(asked["path"]), {}
        if asked["do"] == "mark":
            marked = watermarker.apply_watermark(wav, sample_rate=asked["rate"])
            np.save(asked["out"], np.asarray(marked, np.float32))
        else:
            found = watermarker.get_watermark(wav, sample_rate=asked["rate"], round=False)
            told = {"confidence": float(np.mean(found))}
        answers.write(json.dumps(told) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
