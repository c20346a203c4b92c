"""Signed notes, checkpoints and proof files: C2SP's and Go's examples, and what must be refused."""

import base64
import dataclasses
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ProofError, SignatureError, VerificationError
from provenance.records.checkpoint import (
    Checkpoint,
    TlogProof,
    checkpoint_of,
    sign_checkpoint,
    verify_checkpoint,
    verify_tlog_proof,
)
from provenance.records.keys import Ed25519Signer, Es256Signer
from provenance.records.log import MemoryNodeStore, MerkleLog, leaf_hash
from provenance.records.note import NoteKey, NoteSigner, cosign_note, sign_note, split_note, verify_note

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "notes.json").read_text())
REFERENCE = VECTORS["reference"]
PETER, PETER_TEXT, PETER_NOTE = REFERENCE["vkey"], REFERENCE["text"], REFERENCE["note"]
ENOCH, ENOCH_LINE = REFERENCE["second_vkey"], REFERENCE["second_line"]
QUASIMODO, SOFA = VECTORS["format"]["note"], VECTORS["cosigned"]["note"]

ZEROS = base64.b64encode(bytes(32)).decode()
LOG = NoteSigner("example.com/log", Ed25519Signer.generate())
WITNESS = NoteSigner("witness.example", Ed25519Signer.generate())


def tree(count: int) -> tuple[MerkleLog, list[bytes]]:
    entries = [b"entry %d" % i for i in range(count)]
    log = MerkleLog(MemoryNodeStore())
    log.extend(leaf_hash(entry) for entry in entries)
    return log, entries


def proof_of(log: MerkleLog, index: int, extra: bytes | None = None) -> TlogProof:
    note = sign_checkpoint(Checkpoint(LOG.name, log.size, log.root()), LOG)
    return TlogProof(index, log.inclusion_proof(index), note, extra)


def test_the_reference_implementation_s_note() -> None:
    peter, enoch = NoteKey.from_vkey(PETER), NoteKey.from_vkey(ENOCH)
    assert peter.vkey == PETER
    assert verify_note(PETER_NOTE, [peter]).text == PETER_TEXT
    assert verify_note(PETER_NOTE + ENOCH_LINE, [peter, enoch]).signers == (peter, enoch)
    secret = Ed25519PrivateKey.from_private_bytes(base64.b64decode(REFERENCE["secret"])[1:])
    signer = NoteSigner("PeterNeumann", Ed25519Signer(secret))
    assert signer.key == peter
    assert sign_note(PETER_TEXT, [signer]) == PETER_NOTE


def test_the_specifications_examples_parse() -> None:
    text, signatures = split_note(QUASIMODO)
    assert text.endswith("sole:\n\ned è subito sera.\n")
    assert [(name, len(sig)) for name, _, sig in signatures] == [("quasimodo.example/salvatore", 64)]
    assert checkpoint_of(SOFA).size == 20852163
    assert split_note(SOFA)[1][1][2][:8] == (1679315147).to_bytes(8, "big")


def test_unknown_signatures_are_ignored_and_bad_known_ones_refused() -> None:
    peter, enoch = NoteKey.from_vkey(PETER), NoteKey.from_vkey(ENOCH)
    forged = ENOCH_LINE.replace("rwz+eBzm", "rwz+eBzn")
    assert verify_note(PETER_NOTE + forged, [peter]).signers == (peter,)
    with pytest.raises(SignatureError, match="EnochRoot"):
        verify_note(PETER_NOTE + forged, [peter, enoch])
    with pytest.raises(SignatureError, match="no trusted key"):
        verify_note(PETER_NOTE, [enoch])
    same_name = NoteKey("PeterNeumann", enoch.public_key)
    with pytest.raises(SignatureError, match="no trusted key"):
        verify_note(PETER_NOTE, [same_name])


def test_changed_text_is_refused() -> None:
    with pytest.raises(SignatureError):
        verify_note(PETER_NOTE.replace("answer", "Answer"), [NoteKey.from_vkey(PETER)])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— a\n",
        "text\n\n- a AAAAAAAA\n",
        "text\n\n— a b AAAAAAAA\n",
        "text\n\n— a+b AAAAAAAA\n",
        "text\n\n— a AAAA\n",
        "text\n\n— a AAAAAAA*\n",
        "text\n\n— a AAAAAAAA",
        "te\txt\n\n— a AAAAAAAA\n",
        "te\ud800xt\n\n— a AAAAAAAA\n",
        "text\n\n" + "— a AAAAAAAA\n" * 33,
        "a" * 200_000 + "\n\n— a AAAAAAAA\n",
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(SignatureError):
        verify_note(note, [])


@pytest.mark.parametrize(
    "vkey", ["", "a", "a+b", PETER.replace("c74f20a3", "c74f20a4"), "a b+00000000+AQ==", PETER[:-4]]
)
def test_malformed_verifier_keys_are_refused(vkey: str) -> None:
    with pytest.raises(SignatureError):
        NoteKey.from_vkey(vkey)


def test_only_ed25519_signs_notes() -> None:
    with pytest.raises(SignatureError, match="Ed25519"):
        NoteSigner("a", Es256Signer.generate())


def test_a_checkpoint_needs_its_own_log_s_signature() -> None:
    checkpoint = Checkpoint(LOG.name, 5, bytes(32))
    note = sign_checkpoint(checkpoint, LOG)
    assert verify_checkpoint(note, [LOG.key]).checkpoint == checkpoint
    with pytest.raises(SignatureError, match="cannot sign"):
        sign_checkpoint(checkpoint, WITNESS)
    stranger = sign_note(checkpoint.to_text(), [WITNESS])
    with pytest.raises(SignatureError, match="not signed by its log"):
        verify_checkpoint(stranger, [LOG.key, WITNESS.key])


def test_witnesses_are_counted_and_their_time_is_read() -> None:
    note = cosign_note(sign_checkpoint(Checkpoint(LOG.name, 5, bytes(32)), LOG), WITNESS, 1_700_000_000)
    verified = verify_checkpoint(note, [LOG.key, WITNESS.cosigner_key], witnesses=1)
    assert verified.earliest_witness_s == 1_700_000_000
    assert verify_checkpoint(note, [LOG.key]).earliest_witness_s is None
    with pytest.raises(SignatureError, match="0 of 1"):
        verify_checkpoint(note, [LOG.key], witnesses=1)
    # The same key and name as a plain signer has another key id: a cosignature never counts as the log's.
    with pytest.raises(SignatureError):
        verify_checkpoint(note, [WITNESS.cosigner_key])
    line = note.splitlines()[-1]
    blob = bytearray(base64.b64decode(line.rsplit(" ", 1)[1]))
    blob[11] ^= 1  # the last byte of the time
    moved = note.replace(line.rsplit(" ", 1)[1], base64.b64encode(bytes(blob)).decode())
    with pytest.raises(SignatureError):
        verify_checkpoint(moved, [LOG.key, WITNESS.cosigner_key], witnesses=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n01\nAAAA\n",
        f"a\n-1\n{ZEROS}\n",
        "a\n1\nAAAA\n",
        f"\n1\n{ZEROS}\n",
        f"a\n1\n{ZEROS}\nextension\n",
        "a\n1\n" + "A" * 42 + "B=\n",
        f"a\n{'9' * 30}\n{ZEROS}\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(ProofError):
        Checkpoint.from_text(text)


def test_a_proof_file_holds_for_its_entry_only() -> None:
    log, entries = tree(11)
    for index, entry in enumerate(entries):
        proof = proof_of(log, index, b"extra bytes")
        text = proof.to_text()
        assert text.startswith("c2sp.org/tlog-proof@v1\nextra ZXh0cmEgYnl0ZXM=\nindex ")
        assert TlogProof.from_text(text) == proof
        assert verify_tlog_proof(text, entry, [LOG.key]).checkpoint.size == 11
        with pytest.raises(ProofError):
            verify_tlog_proof(text, entry + b".", [LOG.key])
        moved = dataclasses.replace(proof, index=(index + 1) % 11)
        with pytest.raises(ProofError):
            verify_tlog_proof(moved.to_text(), entry, [LOG.key])


def test_a_log_of_one_entry_has_an_empty_proof() -> None:
    log, entries = tree(1)
    text = proof_of(log, 0).to_text()
    assert "index 0\n\n" + LOG.name in text
    assert verify_tlog_proof(text, entries[0], [LOG.key]).checkpoint.size == 1


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=150)
def test_no_changed_byte_of_a_proof_file_goes_unnoticed_or_astray(place: int, change: int) -> None:
    log, entries = tree(6)
    text = PROOF_TEXT.encode()
    place %= len(text)
    changed = text[:place] + bytes([text[place] ^ change]) + text[place + 1 :]
    try:
        decoded = changed.decode()
        verified = verify_tlog_proof(decoded, entries[3], [LOG.key])
    except (VerificationError, UnicodeDecodeError):
        return
    # What may change without notice is unauthenticated by design: the extra line.
    assert verified.checkpoint.root_hash == log.root()
    assert TlogProof.from_text(decoded).extra != b"extra"


def test_a_signature_has_one_spelling() -> None:
    log, entries = tree(6)
    text = proof_of(log, 3, b"extra").to_text()
    signature = next(line for line in text.splitlines() if line.startswith("\N{EM DASH} "))
    assert signature.endswith("=")
    last = signature.rstrip("=")[-1]
    other = chr(ord(last) + 1) if last.isalnum() else "B"
    respelt = signature.rstrip("=")[:-1] + other + "=" * (len(signature) - len(signature.rstrip("=")))
    verify_tlog_proof(text, entries[3], [LOG.key])
    with pytest.raises(VerificationError):
        verify_tlog_proof(text.replace(signature, respelt), entries[3], [LOG.key])


PROOF_TEXT = proof_of(tree(6)[0], 3, b"extra").to_text()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"),
        ("index 3", "index 03"),
        ("index 3", "index +3"),
        ("index 3", "index 3 "),
        ("index 3\n", ""),
        ("extra ", "extra"),
        ("\n\n", "\n"),
        ("index 3", "index 3\n" + "\n".join(["A" * 43 + "="] * 65)),
        ("index 3", "index 3" + "0" * 300_000),
    ],
)
def test_malformed_proof_files_are_refused(old: str, new: str) -> None:
    assert old in PROOF_TEXT
    with pytest.raises(VerificationError):
        verify_tlog_proof(PROOF_TEXT.replace(old, new, 1), b"entry 3", [LOG.key])
