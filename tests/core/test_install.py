"""The installer's pins: complete, exact, and those of the environment under test."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

from core import install

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("dev", "s3", "telemetry")
DECLARED = PROJECT["dependencies"] + [
    one for extra in EXTRAS for one in PROJECT["optional-dependencies"][extra]
]


def name_of(requirement: str) -> str:
    """The normalised name that a requirement opens with."""
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")


@pytest.mark.parametrize("requirement", DECLARED)
def test_every_declared_dependency_is_pinned(requirement: str) -> None:
    assert name_of(requirement) in install.pins()


def test_every_pin_is_exact() -> None:
    for name, version in install.pins().items():
        assert re.fullmatch(r"[a-z0-9.-]+", name)
        assert re.fullmatch(r"\d[\w.]*", version), f"{name} is pinned to {version!r}"


def test_the_environment_is_the_tested_set() -> None:
    for name, version in install.pins().items():
        assert importlib.metadata.version(name).split("+")[0] == version, name


def test_the_set_is_closed() -> None:
    """What the declared packages need, and what that needs, is pinned too (`--no-deps` installs it)."""
    from packaging.requirements import Requirement

    pinned = install.pins()
    ignored = {"audiocraft", "resemblyzer"}  # their metadata ask for packages of 2023 that are not imported
    for name in pinned.keys() - ignored - {"torch"}:
        for line in importlib.metadata.requires(name) or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                wanted = need.name.lower().replace("_", "-").replace(".", "-")
                known = pinned.keys() | {"setuptools", "torch"}
                assert wanted in known, f"{name} needs {line}"


def test_the_fingerprint_follows_the_pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = install.fingerprint()
    changed = tmp_path / "requirements.txt"
    changed.write_text(install.PINS.read_text(encoding="utf-8") + "extra==1\n", encoding="utf-8")
    monkeypatch.setattr(install, "PINS", changed)
    assert install.fingerprint() != before
    assert install.pins()["extra"] == "1"


def test_progress_is_told_in_packages(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("")
    assert install.progress(log, 5) == "starting"
    log.write_text("Collecting numpy==2.4.6\n  Using cached numpy.whl\nCollecting scipy==1.17.1\n")
    assert install.progress(log, 5) == "looking up and fetching: scipy==1.17.1 (2 so far)"
    log.write_text("Collecting numpy\nInstalling collected packages: numpy\n")
    assert "of 5 packages" in install.progress(log, 5)


def test_a_failed_step_stops_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "bin" / "python"
    binary.parent.mkdir()
    binary.write_text("#!/bin/sh\necho no such package\nexit 1\n")
    binary.chmod(0o755)
    monkeypatch.setattr(install, "VENV", tmp_path)
    with pytest.raises(SystemExit, match="pip failed"):
        install.pip("step", "nothing")
