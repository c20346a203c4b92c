"""A server for tests: the real application, database and job queue, with small stand-ins for the models."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
import uvicorn
from fastapi.testclient import TestClient

import api.report.picture
from api.audit.engines import Engines
from api.audit.result import AuditResult
from api.registry.records import Registration
from api.registry.registry import Registry, RegistryLedger
from api.report.picture import picture
from api.server.api_keys import Scope
from api.server.app import create_app
from api.server.parts import Parts
from api.settings import Settings
from core.clip import Clip
from core.errors import EmptyAudio, UnreadableAudio
from core.limits import Limits
from detector.voice.finding import VoiceFinding
from provenance.declaration import Declaration
from provenance.fingerprint import Fingerprint, extract
from provenance.records.asset import Asset
from provenance.records.involvement import AiInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord, new_record_id
from provenance.records.rights import Party, RightShare
from provenance.tag import Ledger, Tagged
from tests import fakes

URL = "http://127.0.0.1"
GOOD = b"RIFF good enough for a stand-in"
BAD = b"not audio"


class Decoder:
    """Takes whatever does not call itself bad, and hears two seconds of noise in it."""

    def decode(self, path: Path, _limits: Limits) -> Clip:
        heard = fakes.clip(2.0, name=path.name)
        return replace(heard, source=replace(heard.source, sha256=sha256(path.read_bytes()).hexdigest()))

    def probe(self, path: Path, _limits: Limits) -> None:
        content = path.read_bytes()
        if not content:
            raise EmptyAudio(f"{path.name}: the file is empty (0 bytes): upload it again")
        if content.startswith(BAD):
            raise UnreadableAudio(f"{path.name}: not audio")


class VoiceEar:
    """Hears no vocals; a voice print is the digests of the recordings."""

    def hear(self, _clip: Clip, _artists: Mapping[str, bytes]) -> VoiceFinding:
        return fakes.VOICE

    def enrol(self, clips: Sequence[Clip]) -> bytes:
        return b"".join(bytes.fromhex(clip.source.sha256) for clip in clips)

    def alike(self, voiceprint: bytes, artists: Mapping[str, bytes]) -> list[str]:
        return [name for name, known in artists.items() if known == voiceprint]


def fake_tag(
    source: Path | Clip, out: Path, declaration: Declaration, *, ledger: Ledger, **options: Any
) -> Tagged:
    """Registers a real record and copies the file."""
    assert isinstance(ledger, RegistryLedger) and isinstance(source, Path)
    blank = blank_record(ledger.registry, title=declaration.title, owner=declaration.owner)
    record = replace(blank, record_id=options["record_id"], issued_at=options["issued_at"])
    made = ledger.register(record, fingerprint())
    out.write_bytes(b"tagged " + source.read_bytes())
    digest = sha256(out.read_bytes()).hexdigest()
    ledger.add_file(made.record_id, digest)
    return Tagged(out, made.record_id, made.leaf_index, digest, "cd" * 32, 10.0, 34.0, 1e-12, True, 0.1)


ENGINES = replace(fakes.engines(hashes=()), decoder=Decoder(), voice=VoiceEar(), tagger=fake_tag)
"""Small stand-ins that answer at once."""


def register(registry: Registry, *, title: str = "A Song", owner: str = "A Label") -> Registration:
    """Enter a small valid record."""
    return registry.records.register(blank_record(registry, title=title, owner=owner), fingerprint())


def blank_record(registry: Registry, *, title: str = "A Song", owner: str = "A Label") -> OwnershipRecord:
    """A small valid record under a fresh id."""
    return OwnershipRecord(
        record_id=new_record_id(),
        issued_at="2026-11-22T12:00:00Z",
        issuer=Issuer(owner, registry.keys.signer("record").keyid),
        asset=Asset(title, "cd" * 32, 10_000, 44_100, 2, "wav"),
        ai_involvement=AiInvolvement("None"),
        parties=(Party("owner", owner, "org"),),
        rights=(RightShare("master", "owner", 1_000_000),),
        provenance_of_claim=Claim("asserted"),
    )


@cache
def fingerprint() -> Fingerprint:
    """A fingerprint without hashes."""
    return extract(torch.zeros(1, 8000), 8000)


def draw_flac_only(clip: Clip, result: AuditResult, path: Path) -> None:
    """Drawing takes a second, and few tests look at the picture."""
    if result.file.endswith(".flac"):
        picture(clip, result, path)


async def no_rest(_seconds: float) -> None:
    """Whoever asks a test's server too often is told at once."""


@contextmanager
def serve(
    home: Path,
    engines: Engines = ENGINES,
    **options: Any,
) -> Iterator[TestClient]:
    """A started server; the client has the first admin's key."""
    settings = Settings(
        home=home, shutdown_grace_s=0, **{"requests_per_minute": 0, "uploads_per_minute": 0, **options}
    )
    app = create_app(settings, engines)
    app.state.rest = no_rest
    with pytest.MonkeyPatch.context() as patch, TestClient(app, base_url=URL) as client:
        if isinstance(engines.decoder, Decoder):  # stand-ins
            patch.setattr(api.report.picture, "picture", draw_flac_only)
        client.headers["Authorization"] = f"Bearer {(home / 'keys' / 'admin-api-key').read_text().strip()}"
        yield client


@contextmanager
def listening(home: Path, engines: Engines) -> Iterator[tuple[str, str]]:
    """A server on a port of this machine: its address, and the first admin's key."""
    settings = Settings(home=home, shutdown_grace_s=0, requests_per_minute=0, uploads_per_minute=0)
    # A busy client comes back late: its connection is still there, and no request falls between the two.
    config = uvicorn.Config(
        create_app(settings, engines), port=0, log_level="warning", timeout_keep_alive=3600
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:  # it starts, or the thread ends
        thread.join(0.05)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", (home / "keys" / "admin-api-key").read_text().strip()
    finally:
        server.should_exit = True
        thread.join()


def parts(client: TestClient) -> Parts:
    """The parts of the server behind a client."""
    found: Parts = client.app.state.parts  # type: ignore[attr-defined]  # the client types it as a bare ASGI app
    return found


def key(client: TestClient, *scopes: Scope, tenant: str = "default") -> dict[str, str]:
    """Headers of a fresh API key."""
    made = parts(client).keys.create("test", frozenset(scopes or Scope), tenant=tenant)
    return {"Authorization": f"Bearer {made.secret}"}


def finished(client: TestClient, location: str, **options: Any) -> dict[str, Any]:
    """A job's answer once it is finished, however long that takes."""
    while True:
        answer: dict[str, Any] = client.get(location, **options).json()
        if answer["state"] not in ("queued", "running"):
            return answer
        time.sleep(0.05)


def audited(client: TestClient, **options: Any) -> dict[str, Any]:
    """A finished audit."""
    answer = client.post("/v1/audits", **{"files": {"file": ("song.wav", GOOD)}, **options})
    assert answer.status_code == 202, answer.text
    return finished(client, answer.headers["location"], headers=options.get("headers"))
