"""The tutorials' commands run as printed, one after the other."""

import base64
import json
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

ROOT = Path(__file__).parents[3]
TUTORIALS = ("reviewer", "rights_manager", "lawyer")


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the tutorials speak of; what hears machines and voices is a stand-in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox").mkdir()
    song = music(8.0, 44_100, 6)
    encode(song, 44_100, tmp_path / "master.wav", codec="wav")
    encode(music(8.0, 44_100, 7), 44_100, tmp_path / "inbox" / "single.wav", codec="wav")
    encode(song, 44_100, tmp_path / "inbox" / "copy.mp3", codec="mp3", bit_rate=128_000)
    product = product_engines(fakes.SETTINGS)
    quick = replace(product, music=fakes.Part(fakes.MUSIC), voice=fakes.Part(fakes.VOICE))
    monkeypatch.setattr(api.audit.audit, "product_engines", lambda _settings: quick)


def commands(tutorial: str) -> list[str]:
    text = (ROOT / "docs" / "tutorials" / f"{tutorial}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
    return [line for block in blocks for line in block.splitlines()]


def forge(report: Path, out: Path) -> None:
    """The same report about another file's name."""
    envelope = json.loads(report.read_bytes())
    said = base64.b64decode(envelope["payload"])
    assert b"single.wav" in said
    envelope["payload"] = base64.b64encode(said.replace(b"single.wav", b"sinple.wav")).decode()
    out.write_text(json.dumps(envelope))


def test_the_tutorials_work_one_after_the_other(trackmark: Trackmark) -> None:
    lines = [line for tutorial in TUTORIALS for line in commands(tutorial)]
    assert len(lines) >= 10 and all(line.startswith("trackmark ") for line in lines)
    for line in lines:
        if "forged" in line:
            forge(Path("reports/single.wav.report.dsse.json"), Path("forged.report.dsse.json"))
        if "RECORD" in line:
            record = trackmark("record", "list", "--json").lines[0]["record_id"]
            line = line.replace("RECORD", record)
        done = trackmark(*shlex.split(line, comments=True)[1:])
        assert done.code == (1 if "# exits with 1" in line else 0), f"{line}\n{done.out}{done.err}"
    assert Path("certificate.pdf").read_bytes().startswith(b"%PDF")
