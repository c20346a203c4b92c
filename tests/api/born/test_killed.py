"""The watch as a process of its own that is killed, again and again, at the worst moments."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.born import diary
from api.registry.registry import Registry
from api.settings import Settings
from core.decode import decode
from core.encode import encode
from core.limits import DEFAULT_LIMITS
from provenance import watermark
from tests.signals import music

KILLED_AT = (
    "api.born.diary.Diary.begin",  # the file is copied, nothing is noted
    "provenance.tag.prepare",  # the attempt is noted, nothing is done
    "provenance.publishing._write_credentials",  # the track is marked, nothing is registered
    "api.registry.manifests.Manifests.keep",  # registered, and no output is there
    "api.registry.records.Records.add_file",  # the output is there, its digest unknown
    "api.born.diary.Diary.end",  # all is done, and nobody has noted it
)
SCRIPT = """
import functools, importlib, os, signal, sys
from api.cli import main

if sys.argv[1]:
    path = sys.argv[1].split(".")
    depth = next(n for n in range(len(path) - 1, 0, -1) if path[n - 1][0].islower())
    owner = functools.reduce(getattr, path[depth:-1], importlib.import_module(".".join(path[:depth])))
    assert callable(getattr(owner, path[-1]))
    setattr(owner, path[-1], lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
main(sys.argv[2:])
"""


@pytest.mark.slow
def test_a_watch_that_is_killed_again_and_again_makes_one_record_and_one_output(tmp_path: Path) -> None:
    source, target, home = tmp_path / "in", tmp_path / "out", tmp_path / "home"
    source.mkdir()
    encode(music(4.0, 44_100, 3), 44_100, source / "song.wav", codec="wav")
    words = ["watch", str(source), str(target), "--owner", "O", "--generator", "AIVA 2", "--settle", "0"]

    def run(killed_at: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, killed_at, *words, "--once", "--json"],
            env={**os.environ, "TRACKMARK_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )

    for place in KILLED_AT:
        assert run(place).returncode == -signal.SIGKILL, f"{place} was not reached"
    ended, again = run(""), run("")
    assert (ended.returncode, again.returncode, again.stdout) == (0, 0, ""), ended.stderr + again.stderr
    told = json.loads(ended.stdout)

    store = Registry.open(Settings(home=home))
    (record,) = store.records.page()
    assert record.record_id == told["record_id"]
    assert [path.name for path in target.iterdir() if path.name != diary.NAME] == ["song.wav"]
    heard = decode(target / "song.wav", DEFAULT_LIMITS)
    found = watermark.detect(heard.wav, heard.sample_rate, store.keys.watermark())
    assert found.message is not None and found.message.hex() == record.record_id
    assert [one.record_id for one in store.records.find_by_sha256(heard.source.sha256)] == [record.record_id]
    store.close()
