"""The how-to pages' commands run as printed, those of a page one after the other on a registry of its own."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api.audit.audit
import api.cli.audit
from api.audit import engines
from api.audit.engines import product_engines
from api.scan import worker
from api.scan.engines import ENGINES
from core.encode import encode
from tests import fakes
from tests.api.cli.conftest import Trackmark
from tests.api.scan.catalogues import in_turn
from tests.api.serving import serve
from tests.signals import music

FOLDER = Path(__file__).parents[3] / "docs" / "guides"
GUIDES = sorted(path.stem for path in FOLDER.glob("*.md") if "```sh" in path.read_text(encoding="utf-8"))
WRITTEN = {"RECORD", "CONSENT", "KEYID", "APIKEY", "NOTICE"}
"""What a page writes for an id that only its reader knows."""


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that the pages speak of; what hears machines and voices is a stand-in."""
    monkeypatch.chdir(tmp_path)
    for number, name in enumerate(("song", "masters/one", "masters/two", "masters/three", "renderings/a")):
        path = tmp_path / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        encode(music(8.0, 44_100, 20 + number), 44_100, path, codec="wav")
    (tmp_path / "inbox").mkdir()
    encode(music(8.0, 44_100, 30), 44_100, tmp_path / "inbox" / "new.wav", codec="wav")
    for name in ("voice1.wav", "voice2.wav"):
        (tmp_path / name).write_bytes((tmp_path / "song.wav").read_bytes())
    (tmp_path / "consent.txt").write_text("I agree. Ada Example")
    ear = SimpleNamespace(enrol=lambda clips: b"print" * len(clips), hear=lambda _clip, _artists: fakes.VOICE)
    quick = replace(product_engines(fakes.SETTINGS), music=fakes.Part(fakes.MUSIC), voice=ear)
    monkeypatch.setattr(api.audit.audit, "product_engines", lambda _settings: quick)
    monkeypatch.setattr(engines, "product_engines", lambda _settings: quick)
    monkeypatch.setattr(api.cli.audit, "arriving", lambda folder, _known: iter(sorted(folder.iterdir())))
    monkeypatch.setitem(ENGINES, "local", in_turn)
    worker._opened.cache_clear()


@pytest.fixture
def server(home: Path) -> Iterator[TestClient]:
    """A server on the same registry."""
    with serve(home) as client:
        yield client


def commands(text: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
    return [line for block in blocks for line in block.splitlines()]


def made_before(guide: str, trackmark: Trackmark) -> None:
    """What a page takes for granted."""
    if guide in ("report", "backup", "notice"):
        words = ("--title", "Song", "--owner", "A Label")
        assert trackmark("tag", "song.wav", "-o", "song.flac", *words).code == 0
    if guide == "report":
        assert trackmark("audit", "song.wav", "--reports", "reports", "--quiet").code in (0, 1)
        record = trackmark("record", "list", "--json").lines[0]["record_id"]
        assert trackmark("record", "export", record, "-f", "evidence", "-o", "evidence").code == 0
    if guide == "keys":
        assert trackmark("apikey", "create", "a desk", "--scope", "audits:read").code == 0
    if guide == "catalogue":
        (table,) = re.findall(r"^```csv\n(.*?)^```", (FOLDER / "catalogue.md").read_text(), re.S | re.M)
        Path("catalogue.csv").write_text(table)


def id_of(name: str, trackmark: Trackmark, notice: str) -> str:
    """What stands for a word in capitals."""
    if name == "NOTICE":
        return notice
    if name == "RECORD":
        return str(trackmark("record", "list", "--json").lines[0]["record_id"])
    if name == "CONSENT":
        return str(trackmark("artist", "consent", "list", "Ada Example", "--json").lines[0]["id"])
    if name == "APIKEY":
        listed = trackmark("apikey", "list", "--json").lines
        return str(next(one["id"] for one in listed if one["name"] == "a desk"))
    ended = trackmark("key", "list", "--json").lines
    return str(next(one["keyid"] for one in ended if one["purpose"] == "record" and "not_after" in one))


def curl(server: TestClient, words: list[str]) -> dict[str, Any]:
    """What `curl` would send, sent to the server; only what the pages use of it."""
    sent: dict[str, Any] = {"headers": {}}
    method, address = "GET", ""
    rest = iter(words)
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            sent["headers"][name] = value
        elif word == "-X":
            method = next(rest)
        elif word == "--json":
            method, sent["json"] = "POST", json.loads(next(rest))
        else:
            assert word.startswith("$B/"), word
            address = word.removeprefix("$B")
    answer = server.request(method, address, **sent)
    assert answer.is_success, f"{words}\n{answer.text}"
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("guide", GUIDES)
def test_a_page_works_from_its_first_command_to_its_last(
    guide: str,
    trackmark: Trackmark,
    home: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = (FOLDER / f"{guide}.md").read_text(encoding="utf-8")
    server = request.getfixturevalue("server") if "curl " in text else None
    made_before(guide, trackmark)
    notice = ""
    for line in commands(text):
        for name in WRITTEN & set(re.findall(r"\b[A-Z]+\b", line)):
            line = re.sub(rf"\b{name}\b", id_of(name, trackmark, notice), line)
        words = shlex.split(line, comments=True)
        if words[0] == "curl":
            assert server is not None
            key = server.headers["authorization"].removeprefix("Bearer ")
            told = curl(server, [word.replace("$KEY", key) for word in words[1:]])
            notice = str(told.get("id", notice)) if "/v1/notices " in line else notice
            continue
        with monkeypatch.context() as patch:
            while "=" in words[0]:
                name, _, value = words.pop(0).partition("=")
                patch.setenv(name, value)
            assert words[0] == "trackmark", line
            more = ("--settle", "0") if words[1] == "watch" else ()
            done = trackmark(*words[1:], *more)
        assert done.code == 0, f"{line}\n{done.out}{done.err}"


def test_what_the_pages_leave_behind_is_what_they_say(trackmark: Trackmark) -> None:
    for guide in ("folder", "catalogue"):
        made_before(guide, trackmark)
        for line in commands((FOLDER / f"{guide}.md").read_text(encoding="utf-8")):
            more = ("--settle", "0") if line.startswith("trackmark watch") else ()
            trackmark(*shlex.split(line)[1:], *more)
    assert Path("finished/a.wav").exists()
    assert Path("reports/new.wav.report.dsse.json").exists()
    assert Path("results.parquet").exists()
    titles = {one["title"] for one in trackmark("record", "list", "--json").lines}
    assert titles == {"a", "One", "Two", "Three"}
