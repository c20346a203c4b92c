"""The C2PA Soft Binding Resolution API: names, parameters and answers as in its OpenAPI description."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from torch import Tensor

from api.audit.engines import product_engines
from api.registry.registry import Registry
from api.settings import Settings
from core.decode import decode
from core.encode import encode
from provenance.credentials.manifest import SOFT_BINDING_ALG
from provenance.credentials.sidecar import manifest_id, write_sidecar
from provenance.fingerprint import extract
from provenance.records.asset import Asset
from provenance.records.involvement import AiInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord, new_record_id
from provenance.records.rights import Party, RightShare
from provenance.watermark import Detection
from tests import fakes
from tests.api.serving import URL, key, parts, serve
from tests.signals import music

BASE = "/c2pa/v1"


class Mark:
    """The real audit; only what the watermark decoder reads is given."""

    found = fakes.unmarked()

    def detect(self, *_arguments: Any, **_options: Any) -> Detection:
        return self.found

    def embed(self, *_arguments: Any, **_options: Any) -> Tensor:
        raise AssertionError("nothing is marked here")


MARK = Mark()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("home")
    engines = replace(product_engines(Settings(home=home)), marker=MARK)
    with serve(home, engines) as client:
        yield client


@pytest.fixture(scope="module")
def known(client: TestClient, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, bytes, Path]:
    """Record id, manifest id, manifest store and file of a registered track."""
    registry, folder = parts(client).registry, tmp_path_factory.mktemp("song")
    wav = music(12, 44_100, 5)
    song = folder / "song.ogg"
    encode(wav, 44_100, song, codec="vorbis")
    record = OwnershipRecord(
        record_id=new_record_id(),
        issued_at="2026-11-22T12:00:00Z",
        issuer=Issuer("A Label", registry.keys.signer("record").keyid),
        asset=Asset("A Song", "cd" * 32, 12_000, 44_100, 2, "ogg"),
        ai_involvement=AiInvolvement("None"),
        parties=(Party("owner", "A Label", "org"),),
        rights=(RightShare("master", "owner", 1_000_000),),
        provenance_of_claim=Claim("asserted"),
    )
    registry.records.register(record, extract(wav, 44_100))
    store = write_sidecar(song, folder / "out.ogg", record, registry.keys.credentials())
    registry.manifests.keep(record.record_id, store)
    plain = folder / "copy.wav"
    encode(wav, 44_100, plain, codec="wav")
    return record.record_id, manifest_id(store), store, plain


def test_a_binding_leads_to_the_manifest(client: TestClient, known: tuple[str, str, bytes, Path]) -> None:
    record_id, name, store, _ = known
    value = base64.b64encode(bytes.fromhex(record_id)).decode()
    asked = {"alg": SOFT_BINDING_ALG, "value": value}
    for answer in (
        client.get(f"{BASE}/matches/byBinding", params=asked),
        client.post(f"{BASE}/matches/byBinding", json=asked),
    ):
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"matches": [{"manifestId": name}]}
    fetched = client.get(f"{BASE}/manifests/{name}")
    assert (fetched.headers["content-type"], fetched.content) == ("application/c2pa", store)


def test_content_leads_to_the_manifest_of_the_same_sound_only(
    client: TestClient, known: tuple[str, str, bytes, Path], tmp_path: Path
) -> None:
    _, name, _, copy = known
    found = client.post(f"{BASE}/matches/byContent", files={"file": ("a.wav", copy.read_bytes())})
    assert found.status_code == 200, found.text
    (match,) = found.json()["matches"]
    assert match["manifestId"] == name
    assert 0 < match["similarityScore"] <= 100
    other = tmp_path / "other.wav"
    encode(music(12, 44_100, 77), 44_100, other, codec="wav")
    answer = client.post(f"{BASE}/matches/byContent", files={"file": ("b.wav", other.read_bytes())})
    assert answer.json() == {"matches": []}
    assert not list(parts(client).settings.uploads.iterdir())


def test_a_hint_orders_and_never_matches(
    client: TestClient, known: tuple[str, str, bytes, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_id, _, _, copy = known
    registry = parts(client).registry
    twin = register_twin(registry, copy)
    files = {"file": ("a.wav", copy.read_bytes())}
    for hinted in (record_id, twin):
        hint = {"hintAlg": SOFT_BINDING_ALG, "hintValue": base64.b64encode(bytes.fromhex(hinted)).decode()}
        found = client.post(f"{BASE}/matches/byContent", params=hint, files=files).json()["matches"]
        assert found[0]["manifestId"] == registry.manifests.of_record(hinted)[0]
        assert len(found) == 2
    # With `alg`, only what the mark in the audio names; a hint in a foreign algorithm says nothing.
    asked = {"alg": SOFT_BINDING_ALG, "hintAlg": "com.example.other.1", "hintValue": "AAAA"}
    for mark, count in ((fakes.unmarked(), 0), (fakes.marked(twin), 1), (fakes.marked("ff" * 8), 0)):
        monkeypatch.setattr(MARK, "found", mark)
        only = client.post(f"{BASE}/matches/byContent", params=asked, files=files).json()["matches"]
        assert len(only) == count
        assert all(match["manifestId"] in registry.manifests.of_record(twin) for match in only)
    silent = tmp_path / "other.wav"
    encode(music(12, 44_100, 78), 44_100, silent, codec="wav")
    hint["hintValue"] = base64.b64encode(bytes.fromhex(record_id)).decode()
    files = {"file": ("b.wav", silent.read_bytes())}
    assert client.post(f"{BASE}/matches/byContent", params=hint, files=files).json() == {"matches": []}


def register_twin(registry: Registry, audio: Path) -> str:
    """Another record of the same sound, with a manifest of its own."""
    clip = decode(audio)
    first = registry.records.get(registry.records.page()[-1].record_id)
    assert first is not None
    record = replace(OwnershipRecord.from_payload(first.envelope.payload), record_id=new_record_id())
    registry.records.register(record, extract(clip.wav, clip.sample_rate))
    marked = audio.with_name("twin.ogg")
    encode(clip.wav, clip.sample_rate, marked, codec="vorbis")
    store = write_sidecar(marked, audio.with_name("twin-out.ogg"), record, registry.keys.credentials())
    registry.manifests.keep(record.record_id, store)
    return record.record_id


def test_a_value_too_long_for_an_address_goes_into_a_body(client: TestClient) -> None:
    asked = {"alg": SOFT_BINDING_ALG, "value": "A" * 2000}
    answer = client.get(f"{BASE}/matches/byBinding", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (414, "address-too-long")
    assert client.post(f"{BASE}/matches/byBinding", json=asked).json()["code"] == "invalid-request"


@pytest.mark.parametrize(
    "asked",
    [
        {"alg": "com.example.other.1"},
        {"hintAlg": SOFT_BINDING_ALG},
        {"hintValue": "AAAAAAAAAAA="},
        {"hintAlg": SOFT_BINDING_ALG, "hintValue": "AAAA"},
    ],
)
def test_wrong_hints_are_refused(client: TestClient, asked: dict[str, str]) -> None:
    answer = client.post(f"{BASE}/matches/byContent", params=asked, files={"file": ("a.wav", b"RIFF")})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_a_file_may_be_the_body_itself(
    client: TestClient, known: tuple[str, str, bytes, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As C2PA describes the request; a form is taken, too."""
    _, name, _, copy = known
    monkeypatch.setattr(MARK, "found", fakes.unmarked())
    data, headers = copy.read_bytes(), {"content-type": "audio/wav"}
    found = client.post(f"{BASE}/matches/byContent", content=data, headers=headers)
    assert found.status_code == 200, found.text
    assert name in [match["manifestId"] for match in found.json()["matches"]]
    uploads = parts(client).settings.uploads
    assert not list(uploads.iterdir())
    for wrong, status, code in (
        ({"content-type": "application/json"}, 415, "unsupported-media-type"),
        ({"content-type": ""}, 415, "unsupported-media-type"),
    ):
        answer = client.post(f"{BASE}/matches/byContent", content=data, headers=wrong)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not list(uploads.iterdir())


def test_a_query_by_reference_is_not_offered_and_fetches_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2PA leaves the route to the service, and says of what is not listed that it is not supported."""
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the server reached out"))
    asked = {"referenceUrl": "https://127.0.0.1/a.wav", "assetLength": 1000}
    answer = client.post(f"{BASE}/matches/byReference", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (501, "not-implemented")
    assert "byContent" in answer.json()["detail"]
    bare = TestClient(client.app, base_url=URL)
    assert bare.post(f"{BASE}/matches/byReference", json=asked).status_code == 401
    said = bare.get(f"{BASE}/services/capabilities").json()
    assert said == {"c2paSpecificationVersion": "2.4.0", "supportedCapabilities": ["queryByContent"]}


def test_unknown_marks_match_nothing(client: TestClient) -> None:
    value = base64.b64encode(bytes(8)).decode()
    asked = {"alg": SOFT_BINDING_ALG, "value": value}
    assert client.get(f"{BASE}/matches/byBinding", params=asked).json() == {"matches": []}
    assert client.get(f"{BASE}/manifests/urn:c2pa:none").status_code == 404


def test_algorithms_are_told(client: TestClient) -> None:
    said = client.get(f"{BASE}/services/supportedAlgorithms").json()
    assert said == {"watermarks": [{"alg": SOFT_BINDING_ALG}], "fingerprints": []}


@pytest.mark.parametrize(
    "asked",
    [
        {"alg": "com.example.other.1", "value": "AAAAAAAAAAA="},
        {"alg": SOFT_BINDING_ALG, "value": "not base64!"},
        {"alg": SOFT_BINDING_ALG, "value": "AAAA"},
        {"alg": SOFT_BINDING_ALG},
        {"alg": SOFT_BINDING_ALG, "value": "AAAAAAAAAAA=", "maxResults": "0"},
    ],
)
def test_wrong_questions_are_refused(client: TestClient, asked: dict[str, str]) -> None:
    answer = client.get(f"{BASE}/matches/byBinding", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-request")


def test_tenants_do_not_see_each_others_manifests(
    client: TestClient, known: tuple[str, str, bytes, Path]
) -> None:
    record_id, name, _, copy = known
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="stranger"))
    value = base64.b64encode(bytes.fromhex(record_id)).decode()
    asked = {"alg": SOFT_BINDING_ALG, "value": value}
    assert stranger.get(f"{BASE}/matches/byBinding", params=asked).json() == {"matches": []}
    assert stranger.get(f"{BASE}/manifests/{name}").status_code == 404
    files = {"file": ("a.wav", copy.read_bytes())}
    assert stranger.post(f"{BASE}/matches/byContent", files=files).json() == {"matches": []}
    assert TestClient(client.app, base_url=URL).get(f"{BASE}/manifests/{name}").status_code == 401
