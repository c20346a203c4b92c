"""The house's import rules: as import-linter states them, and as a fresh interpreter lives them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "torchaudio", "audiocraft", "librosa", "sklearn", "fastapi")

REPORT = """
import importlib, pkgutil, sys
package = importlib.import_module({name!r})
for module in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
    importlib.import_module(module.name)
print(",".join(sorted(name for name in {heavy!r} if name in sys.modules)))
"""


def loaded_by(name: str) -> set[str]:
    """Heavy packages that importing a package with all its modules brings into a fresh interpreter."""
    script = REPORT.format(name=name, heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.strip().split(",")) - {""}


@pytest.mark.parametrize(
    "package",
    ["provenance.records", "api.cli", "core.errors", "core.sandbox", "core.decoder_child", "core.install"],
)
def test_what_must_stay_light_loads_nothing_heavy(package: str) -> None:
    assert loaded_by(package) == set()


def test_the_probe_sees_torch() -> None:
    assert "torch" in loaded_by("core.clip")


def test_the_contracts_hold() -> None:
    """`lint-imports` knows the layers, the strangers and who may import audiocraft (pyproject.toml)."""
    linter = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        [str(linter), "--no-cache"], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
