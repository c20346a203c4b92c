"""The evidence folder among the test vectors (by `lab/evidence_vectors.py`): each file altered once."""

import base64
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from provenance.records import envelope as dsse
from provenance.records.checkpoint import TlogProof, checkpoint_of
from provenance.records.folder import main, verify_folder
from provenance.records.log import leaf_hash
from provenance.records.stamping import stamped_bytes, tokens_of
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record

EVIDENCE = Path(__file__).parents[2] / "vectors" / "evidence"
VALUES = json.loads((EVIDENCE / "values.json").read_text())


def test_the_folder_verifies_from_the_log_s_first_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(EVIDENCE), "--witnesses", "1"]) == 0
    text = capsys.readouterr().out
    for part in ("1 rotation or revocation,", "1 witness saw it", "stamped it no later than", "VERIFIED"):
        assert part in text


def test_the_values_between_the_files_and_the_verdict() -> None:
    envelope = json.loads((EVIDENCE / "record.record.dsse.json").read_bytes())
    payload = base64.b64decode(envelope["payload"])
    assert payload.decode() == VALUES["record_payload"]
    assert hashlib.sha256(payload).hexdigest() == VALUES["record_payload_sha256"]
    signed = dsse.pae(envelope["payloadType"], payload)
    assert hashlib.sha256(signed).hexdigest() == VALUES["record_signed_sha256"]
    proof = TlogProof.from_text((EVIDENCE / "record.tlog-proof").read_text())
    assert proof.extra is not None and proof.extra == VALUES["record_entry"].encode()
    assert leaf_hash(proof.extra).hex() == VALUES["record_leaf_hash"]
    assert checkpoint_of(proof.checkpoint).root_hash.hex() == VALUES["root_of_7"]
    assert hashlib.sha256(stamped_bytes(proof.checkpoint)).hexdigest() == VALUES["stamped_bytes_sha256"]
    (token,) = tokens_of(proof.checkpoint)
    assert hashlib.sha256(token).hexdigest() == VALUES["token_sha256"]
    # The log's newer key is not in the list; it follows from the hand-over in the folder.
    listed = TrustedKeys.from_json((EVIDENCE / "keys.json").read_bytes())
    assert VALUES["log_keys"][0] in [key.vkey for key in listed.log]
    assert VALUES["log_keys"][1] not in [key.vkey for key in listed.log]
    assert verify_record(json.dumps(envelope).encode(), listed).keyids == (VALUES["record_keyid"],)


SIGNED = [path.name for path in sorted(EVIDENCE.iterdir()) if path.name not in ("keys.json", "values.json")]


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("place", [0.1, 0.3, 0.9])
def test_an_altered_file_fails_the_folder(name: str, place: float, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    shutil.copytree(EVIDENCE, folder)
    data = bytearray((folder / name).read_bytes())
    at = int(len(data) * place)
    data[at] = ord("1") if data[at] != ord("1") else ord("2")
    (folder / name).write_bytes(data)
    assert any(check.passed is False for check in verify_folder(folder, witnesses=1))


@pytest.mark.parametrize("name", [name for name in SIGNED if not name.endswith(".dsse.json")])
def test_a_missing_proof_or_salt_is_noticed(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    shutil.copytree(EVIDENCE, folder)
    (folder / name).unlink()
    assert main([str(folder), "--witnesses", "1"]) != 0
