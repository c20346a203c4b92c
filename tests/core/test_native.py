"""torchaudio imports, whatever torch it stands next to."""

import subprocess
import sys
from pathlib import Path

import pytest

from core import native

ROOT = Path(__file__).resolve().parents[2]


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )


def test_the_import_is_silent_and_the_same_from_every_thread() -> None:
    done = run(
        "import threading; from core.native import torchaudio; found = []\n"
        "threads = [threading.Thread(target=lambda: found.append(torchaudio())) for _ in range(4)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "import torchaudio as plain\n"
        "assert len(found) == 4 and all(module is plain for module in found)\n"
        "import torch; print(plain.functional.resample(torch.zeros(1, 100), 2, 1).shape[1])"
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "50", "")


def test_an_extension_that_cannot_load_is_declared_absent() -> None:
    """The failure is forced here, so that the test means the same beside a CUDA torch."""
    done = run(
        "import torch\n"
        "def refuse(path): raise OSError('libcudart.so: cannot open shared object file')\n"
        "torch.ops.load_library = refuse\n"
        "from core.native import torchaudio; ta = torchaudio()\n"
        "assert ta._extension._IS_TORCHAUDIO_EXT_AVAILABLE is False\n"
        "print(ta.transforms.MelSpectrogram(16000, n_mels=40)(torch.zeros(1, 16000)).shape)\n"
        "try: ta.functional.forced_align(torch.zeros(1, 2, 2), torch.zeros(1, 1, dtype=torch.int32))\n"
        "except RuntimeError as error: print(error)"
    )
    assert done.returncode == 0, done.stderr
    assert "torch.Size([1, 40, 81])" in done.stdout
    assert "forced_align needs torchaudio's native part" in done.stdout


def test_other_threads_may_import_while_the_half_imported_package_is_dropped() -> None:
    """Another import is forced into the middle of the look at what is loaded."""
    done = run(
        "import sys, types\n"
        "from core import native\n"
        "class Name(str):\n"
        "    def startswith(self, *args):\n"
        "        sys.modules[f'imported-meanwhile-{len(sys.modules)}'] = types.ModuleType('x')\n"
        "        return str.startswith(self, *args)\n"
        "    __hash__ = str.__hash__\n"
        "sys.modules[Name('another')] = sys.modules['torchaudio.half'] = types.ModuleType('y')\n"
        "native._forget()\n"
        "assert 'torchaudio.half' not in sys.modules and 'another' in sys.modules"
    )
    assert done.returncode == 0, done.stderr


def test_a_missing_torchaudio_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError("No module named 'torchaudio'", name="torchaudio")

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(ImportError, match="make install"):
        native.torchaudio()
