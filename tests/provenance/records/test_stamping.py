"""Time stamps on checkpoints: carried by the note, tied to it, and counted as an independent time."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import SignatureError, VerificationError
from lab.authority import Authority
from provenance.records import envelope as dsse
from provenance.records.checkpoint import (
    Checkpoint,
    TlogProof,
    cosign_note,
    sign_checkpoint,
    verify_checkpoint,
)
from provenance.records.folder import bundle, main
from provenance.records.keylife import BEFORE_COMPROMISE, KeyLife
from provenance.records.keys import Ed25519Signer
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, commit, leaf_hash
from provenance.records.note import NoteSigner, signature_line
from provenance.records.record import PAYLOAD_TYPE, Issuer
from provenance.records.stamping import (
    LINE_ID,
    LINE_NAME,
    NO_ROOTS,
    add_token,
    cosigners_of,
    stamped_bytes,
    tokens_of,
)
from provenance.records.timestamp import TimestampError
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record

from .samples import small

ISSUER = Ed25519Signer.generate()
LOG = NoteSigner("example.com/log", Ed25519Signer.generate())
WITNESS = NoteSigner("witness.example", Ed25519Signer.generate())
THEFT_S, THEFT = 1_800_000_000, "2027-01-15T08:00:00Z"
MOMENT = datetime.fromtimestamp(THEFT_S, UTC)
AUTHORITY = Authority.generate(start=MOMENT - timedelta(days=365))
KEYS = TrustedKeys(record=(ISSUER.public_key,), log=(LOG.key, WITNESS.cosigner_key), tsa=(AUTHORITY.root,))
SALT = bytes(range(32))
NOTE = sign_checkpoint(Checkpoint(LOG.name, 1, bytes(32)), LOG)


def stamped(note: str = NOTE, shift_s: float = 0.0, authority: Authority = AUTHORITY) -> str:
    token = authority.stamp(stamped_bytes(note), MOMENT + timedelta(seconds=shift_s))
    return add_token(note, token, [authority.root])[0]


def test_a_token_and_a_cosignature_do_not_disturb_each_other() -> None:
    first = cosign_note(stamped(), WITNESS, THEFT_S + 50)
    second = stamped(cosign_note(NOTE, WITNESS, THEFT_S + 50))
    for note in (first, second):
        verified = verify_checkpoint(note, KEYS.log, witnesses=1, roots=KEYS.tsa)
        assert (verified.earliest_witness_s, verified.earliest_s) == (THEFT_S + 50, THEFT_S)
        assert cosigners_of(note) == (WITNESS.name,)
    assert len(tokens_of(first)) == 1
    assert add_token(first, tokens_of(first)[0], KEYS.tsa)[0] == first


def test_a_reader_without_roots_sees_the_rest() -> None:
    verified = verify_checkpoint(cosign_note(stamped(), WITNESS, THEFT_S), KEYS.log, witnesses=1)
    assert (verified.stamps.times, verified.stamps.strangers) == ((), (NO_ROOTS,))


def test_a_stranger_s_token_counts_for_nothing() -> None:
    stranger = Authority.generate(start=MOMENT - timedelta(days=1))
    note = stamped(stamped(authority=stranger), 9)
    verified = verify_checkpoint(note, KEYS.log, roots=KEYS.tsa)
    assert (verified.earliest_s, len(verified.stamps.strangers)) == (THEFT_S + 9, 1)
    assert "no trusted root issued" in verified.stamps.strangers[0]


def test_a_token_of_another_checkpoint_spoils_this_one() -> None:
    other = sign_checkpoint(Checkpoint(LOG.name, 2, bytes(32)), LOG)
    token = tokens_of(stamped(other))[0]
    with pytest.raises(TimestampError, match="something else"):
        add_token(NOTE, token, KEYS.tsa)
    with pytest.raises(TimestampError, match="something else"):
        verify_checkpoint(NOTE + signature_line(LINE_NAME, LINE_ID, token), KEYS.log, roots=KEYS.tsa)
    broken = token[:-1] + bytes([token[-1] ^ 1])
    with pytest.raises(VerificationError):
        verify_checkpoint(NOTE + signature_line(LINE_NAME, LINE_ID, broken), KEYS.log, roots=KEYS.tsa)
    many = NOTE + "".join(signature_line(LINE_NAME, LINE_ID, token) for _ in range(9))
    with pytest.raises(TimestampError, match="more than 8"):
        verify_checkpoint(many, KEYS.log, roots=KEYS.tsa)


def test_the_log_s_own_signature_is_stamped_with_its_text() -> None:
    text = NOTE.partition("\n\n")[0] + "\n\n"
    unsigned = text + signature_line("somebody.example", bytes(4), bytes(64))
    with pytest.raises(SignatureError, match="has not signed"):
        stamped_bytes(unsigned)
    impostor = sign_checkpoint(
        Checkpoint(LOG.name, 1, bytes(32)), NoteSigner(LOG.name, Ed25519Signer.generate())
    )
    assert stamped_bytes(impostor) != stamped_bytes(NOTE)


def proven(note_of: Callable[[str], str]) -> tuple[dsse.Envelope, str]:
    record = small(issuer=Issuer("Test Label", ISSUER.keyid))
    payload = record.to_payload()
    entry = LogEntry("register", record.record_id, 1, commit(SALT, payload), ISSUER.keyid).to_bytes()
    log = MerkleLog(MemoryNodeStore())
    log.append(leaf_hash(entry))
    note = note_of(sign_checkpoint(Checkpoint(LOG.name, 1, log.root()), LOG))
    return dsse.sign(payload, PAYLOAD_TYPE, [ISSUER]), TlogProof(0, (), note, entry).to_text()


STOLEN = dataclasses.replace(KEYS, lives=(KeyLife(ISSUER.keyid, compromised_since=THEFT),))


@pytest.mark.parametrize("shift_s", [-1, -0.5, 0, 1])
def test_a_stolen_key_is_judged_by_the_authority_s_clock(shift_s: float) -> None:
    envelope, proof = proven(lambda note: stamped(note, shift_s))
    if shift_s == -1:
        verified = verify_record(envelope, STOLEN, proof, SALT)
        assert verified.key_status == BEFORE_COMPROMISE
    else:  # half a second before is rounded up to the very moment
        with pytest.raises(SignatureError, match="nobody independent"):
            verify_record(envelope, STOLEN, proof, SALT)


def test_the_earliest_of_witness_and_authority_counts() -> None:
    envelope, proof = proven(lambda note: cosign_note(stamped(note, -1), WITNESS, THEFT_S + 1000))
    assert verify_record(envelope, STOLEN, proof, SALT, witnesses=1).key_status == BEFORE_COMPROMISE
    envelope, proof = proven(lambda note: cosign_note(stamped(note, 1000), WITNESS, THEFT_S - 1))
    assert verify_record(envelope, STOLEN, proof, SALT, witnesses=1).key_status == BEFORE_COMPROMISE
    nobody = dataclasses.replace(STOLEN, tsa=())
    envelope, proof = proven(lambda note: stamped(note, -1))
    with pytest.raises(SignatureError, match="nobody independent"):
        verify_record(envelope, nobody, proof, SALT)


def test_a_vague_clock_does_not_save_a_stolen_key() -> None:
    vague = dataclasses.replace(AUTHORITY, accuracy=timedelta(seconds=60))
    envelope, proof = proven(lambda note: stamped(note, -30, vague))
    with pytest.raises(SignatureError, match="nobody independent"):
        verify_record(envelope, STOLEN, proof, SALT)


def test_a_folder_shows_the_time_stamp_and_refuses_an_altered_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    envelope, proof = proven(stamped)
    for name, data in bundle("one", KEYS, record=envelope, tlog_proof=proof, salt=SALT).items():
        (tmp_path / name).write_bytes(data)
    assert TrustedKeys.from_json((tmp_path / "keys.json").read_bytes()) == KEYS
    assert main([str(tmp_path)]) == 0
    assert "CN=Trackmark test clock stamped it no later than 2027-01-15T08:00:00Z" in capsys.readouterr().out
    path = tmp_path / "one.tlog-proof"
    lines = path.read_text().splitlines(keepends=True)
    place = next(i for i, line in enumerate(lines) if LINE_NAME in line)
    for at in (-20, -200, 60):
        damaged = list(lines)
        letters = list(damaged[place])
        letters[at] = "A" if letters[at] != "A" else "B"
        damaged[place] = "".join(letters)
        path.write_text("".join(damaged))
        assert main([str(tmp_path)]) == 1
        assert "FAIL  one.tlog-proof" in capsys.readouterr().out
