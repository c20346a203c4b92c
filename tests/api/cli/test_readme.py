"""The README's examples run as printed."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import api.audit.audit
from api.audit.engines import product_engines
from core.encode import encode
from tests import fakes
from tests.api.cli.conftest import Trackmark
from tests.signals import music

README = Path(__file__).parents[3] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.S | re.M)


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    encode(music(8.0, 44_100, 6), 44_100, tmp_path / "song.wav", codec="wav")


def test_the_shell_examples(trackmark: Trackmark, monkeypatch: pytest.MonkeyPatch) -> None:
    product = product_engines(fakes.SETTINGS)
    quick = replace(product, music=fakes.Part(fakes.MUSIC), voice=fakes.Part(fakes.VOICE))
    monkeypatch.setattr(api.audit.audit, "product_engines", lambda _settings: quick)
    commands = [
        line for block in blocks("sh") for line in block.splitlines() if line.startswith("trackmark ")
    ]
    assert len(commands) >= 7
    for command in commands:
        done = trackmark(*shlex.split(command, comments=True)[1:])
        assert done.code == 0, f"{command}\n{done.out}{done.err}"
    assert '"present": true' in done.out


def test_the_python_example() -> None:
    (example,) = blocks("python")
    exec(compile(example, str(README), "exec"), {})


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / target).exists(), target
