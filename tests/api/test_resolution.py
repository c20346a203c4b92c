"""The C2PA Soft Binding Resolution API: names, parameters and answers as in its OpenAPI description."""

import base64
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.manifests import Manifests
from core.encode import encode
from provenance.credentials.manifest import SOFT_BINDING_ALG
from provenance.credentials.sidecar import manifest_id, write_sidecar
from provenance.fingerprint import extract
from provenance.records.asset import Asset
from provenance.records.making import AiInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord, new_record_id
from provenance.records.rights import Party, RightShare
from tests.api.server import URL, key, parts, serve
from tests.signals import music

BASE = "/c2pa/v1"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory):
    from api.audit import audit_file

    with serve(tmp_path_factory.mktemp("home"), auditor=audit_file) as client:
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
        issuer=Issuer("A Label", registry.record_signer().keyid),
        asset=Asset("A Song", "cd" * 32, 12_000, 44_100, 2, "ogg"),
        ai_involvement=AiInvolvement("None"),
        parties=(Party("owner", "A Label", "org"),),
        rights=(RightShare("master", "owner", 1_000_000),),
        provenance_of_claim=Claim("asserted"),
    )
    registry.register(record, extract(wav, 44_100))
    store = write_sidecar(song, folder / "out.ogg", record, registry.c2pa_identity())
    Manifests(registry).keep(record.record_id, store)
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
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


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
