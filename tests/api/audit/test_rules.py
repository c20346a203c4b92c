"""The rules of ownership on a real registry: records, fingerprints, a log that witnesses co-sign."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from api.audit.asked import PROVENANCE
from api.audit.audit import audit_file
from api.audit.engines import product_engines
from api.audit.result import AuditResult
from api.keys.witnessing import cosign
from api.registry.registry import Registry
from api.report.steps import steps
from api.settings import Settings
from core.encode import encode
from provenance.fingerprint import extract
from provenance.records.record import OwnershipRecord, new_record_id
from provenance.records.rights import Party
from tests import fakes
from tests.api.log.test_witness_server import ADDRESSES, TIME_S, Net
from tests.api.serving import register
from tests.signals import music

RATE = 22_050
SONG, OTHER = music(14, RATE, 41), music(14, RATE, 42)


def claim(registry: Registry, wav: Tensor, owner: str) -> str:
    """Register a track under its real fingerprint."""
    with_nothing = registry.records.get(register(registry).record_id)  # others register in between
    assert with_nothing is not None
    draft = OwnershipRecord.from_payload(with_nothing.envelope.payload)
    record = replace(draft, record_id=new_record_id(), parties=(Party("owner", owner, "org"),))
    return registry.records.register(record, extract(wav, RATE)).record_id


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    settings = Settings(home=tmp_path / "home", witnesses=tuple(f"{a.key.vkey} {a.url}" for a in ADDRESSES))
    opened = Registry.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {name: tmp_path / f"{name}.wav" for name in ("song", "other")}
    for path, wav in zip(paths.values(), (SONG, OTHER), strict=True):
        encode(wav, RATE, path, codec="wav")
    return paths


def audit(path: Path, registry: Registry, detection: Any = None) -> AuditResult:
    """The real audit; only what the watermark decoder reads is given."""
    settings = Settings(home=registry.home)
    engines = replace(product_engines(settings), marker=fakes.Part(detection or fakes.unmarked()))
    return audit_file(path, registry=registry, settings=settings, checks=PROVENANCE, engines=engines)


def settled(result: AuditResult) -> tuple[str, str | None]:
    """The status of ownership, and the record that it speaks of."""
    return result.findings.ownership.status, result.findings.ownership.record_id


def test_watermark_and_fingerprint_agree_disagree_or_stand_alone(
    registry: Registry, files: dict[str, Path]
) -> None:
    song = claim(registry, SONG, "A Label")
    other = claim(registry, OTHER, "B Label")
    found = audit(files["song"], registry, fakes.marked(song))
    assert settled(found) == ("match", song)
    assert steps(found)["verified"]
    lifted = audit(files["other"], registry, fakes.marked(song))
    assert settled(lifted) == ("transplant_suspected", song)
    assert f"the audio is that of record {other}" in lifted.findings.ownership.text
    assert not steps(lifted)["verified"]
    stripped = audit(files["song"], registry)
    assert settled(stripped) == ("mark_removed_or_unmarked", song)
    assert not steps(stripped)["verified"]


def test_two_claims_on_one_audio_are_a_dispute_with_the_earliest_witnessed_time(
    registry: Registry, files: dict[str, Path], tmp_path: Path
) -> None:
    registry.keys.enter()
    net = Net(tmp_path, registry.log)
    first = claim(registry, SONG, "A Label")
    cosign(registry.keys.published, net.send)
    net.time_s += 86_400
    second = claim(registry, SONG, "B Label")
    cosign(registry.keys.published, net.send)
    net.time_s += 86_400
    # What comes later moves no claim: neither an amendment nor another cosignature.
    registry.events.amend(first, {"asset": {"title": "New"}})
    cosign(registry.keys.published, net.send)
    for detection in (None, fakes.marked(first), fakes.marked(second)):
        found = audit(files["song"], registry, detection)
        assert settled(found) == ("disputed", first)
        claims = [(c.record_id, list(c.owners), c.witnessed_at) for c in found.findings.ownership.claims]
        assert claims == [(first, ["A Label"], TIME_S), (second, ["B Label"], TIME_S + 86_400)]
        seen = datetime.fromtimestamp(TIME_S, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        assert f"seen by a third party no later than {seen}" in found.findings.ownership.text
        assert not steps(found)["verified"]
    registry.events.revoke(first, issuer="A Label", reason="registered by mistake")
    withdrawn = audit(files["song"], registry, fakes.marked(second))
    assert settled(withdrawn) == ("match", second)


def test_a_claim_that_nobody_else_saw_has_no_independent_time(
    registry: Registry, files: dict[str, Path]
) -> None:
    first = claim(registry, SONG, "A Label")
    claim(registry, SONG, "B Label")
    found = audit(files["song"], registry)
    assert [claim.witnessed_at for claim in found.findings.ownership.claims] == [None, None]
    assert found.findings.ownership.record_id == first  # the order of the log is proven all the same
    assert "by the log's own clock" in found.findings.ownership.text
    assert "third party" not in found.findings.ownership.text
