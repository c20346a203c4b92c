"""Whoever asks about a file, by whichever door, is answered by the policy that is in force."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.actor import Actor
from api.audit import audit
from api.audit.policy import Policy
from api.policies.policies import Policies
from api.registry.registry import Registry
from api.scan import worker
from api.scan.engines import ENGINES
from api.settings import Settings
from core.errors import UnreadableAudio
from tests.api.scan.catalogues import in_turn

from .conftest import Trackmark

STRICT = """
[policy]
name = "strict"
version = "1"
otherwise = "review"
unanswered = "review"

[[rule]]
id = "everything"
action = "reject"
says = "All is refused."
in_force_from = 2026-01-01
last_checked = 2026-11-01
when = [{ field = "ownership.status", is_not = "match" }]
"""
MILD = STRICT.replace("strict", "mild").replace("reject", "accept").replace("everything", "nothing")


def put_in_force(home: Path, text: str) -> None:
    registry = Registry.open(Settings(home=home))
    by, of = Actor("Ada"), Policies.of(registry.engine, registry.tenant)
    of.activate(of.keep(text, by).id, by)
    registry.close()


def decided(trackmark: Trackmark, song: Path, *more: object) -> list[str]:
    (line,) = trackmark("audit", song, "--json", "--checks", "credentials", *more).lines
    return [rule["rule"] for rule in line["decision"]["rules"]]


def test_an_audit_is_decided_by_the_policy_in_force_unless_it_brings_its_own(
    trackmark: Trackmark, home: Path, song: Path, tmp_path: Path
) -> None:
    assert decided(trackmark, song) == []
    put_in_force(home, STRICT)
    assert decided(trackmark, song) == ["everything"]
    own = tmp_path / "mild.toml"
    own.write_text(MILD)
    assert decided(trackmark, song, "--policy", own) == ["nothing"]


def test_a_scan_is_decided_by_the_policy_that_was_in_force_when_it_began(
    trackmark: Trackmark, home: Path, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENGINES, "local", in_turn)
    worker._opened.cache_clear()
    worker._policy.cache_clear()
    by: list[str] = []

    def asked(_path: Path, *, policy: Policy, **_: Any) -> None:
        by.append(policy.name)
        if len(by) == 2:
            raise OSError(28, "No space left on device")
        raise UnreadableAudio("not looked at")

    monkeypatch.setattr(audit, "audit_file", asked)
    folder, results = tmp_path / "catalogue", tmp_path / "results.jsonl"
    folder.mkdir()
    for name in ("a.wav", "b.wav", "c.wav"):
        (folder / name).write_bytes(song.read_bytes())
    put_in_force(home, STRICT)
    trackmark("scan", folder, "-o", results, "--quiet")
    put_in_force(home, MILD)
    trackmark("scan", folder, "-o", results, "--quiet")
    assert len([json.loads(line) for line in results.read_text().splitlines()]) == 3
    assert by == ["strict"] * 4, "the same on the way and when it went on"
