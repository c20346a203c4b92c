"""The stolen key: what it signed before the theft stands, what the thief signs and back-dates does not."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import KeyFileError, ProofError, RecordError, SignatureError
from provenance.records import envelope as dsse
from provenance.records.checkpoint import Checkpoint, TlogProof, cosign_note, sign_checkpoint
from provenance.records.folder import bundle, main
from provenance.records.keyevents import (
    REVOKE,
    KeyEvent,
    LoggedEvent,
    entry_of,
    follow,
    sign_revocation,
    sign_rotation,
)
from provenance.records.keylife import BEFORE_COMPROMISE, UNDATED, VALID, KeyLife, Seen, judge
from provenance.records.keys import Ed25519Signer
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, commit, leaf_hash
from provenance.records.note import NoteSigner
from provenance.records.record import PAYLOAD_TYPE, Issuer
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record

from .samples import small

ISSUER, SUCCESSOR, THIEF = (Ed25519Signer.generate() for _ in range(3))
LOG = NoteSigner("example.com/log", Ed25519Signer.generate())
WITNESS = NoteSigner("witness.example", Ed25519Signer.generate())
KEYS = TrustedKeys(record=(ISSUER.public_key,), log=(LOG.key, WITNESS.cosigner_key))
SALT = bytes(range(32))
DAY = 86_400
THEFT_S = 1_800_000_000
THEFT = "2027-01-15T08:00:00Z"
LATER = "2027-01-20T08:00:00Z"


class History:
    """A log that grows by one entry at a time, its checkpoints co-signed at a given time."""

    def __init__(self) -> None:
        self.log = MerkleLog(MemoryNodeStore())
        self.entries: list[bytes] = []

    def add(self, entry: LogEntry) -> int:
        self.entries.append(entry.to_bytes())
        return self.log.append(leaf_hash(self.entries[-1]))

    def proof(self, index: int, time_s: int | None) -> str:
        note = sign_checkpoint(Checkpoint(LOG.name, self.log.size, self.log.root()), LOG)
        if time_s is not None:
            note = cosign_note(note, WITNESS, time_s)
        return TlogProof(index, self.log.inclusion_proof(index), note, self.entries[index]).to_text()

    def record(
        self, signer: Ed25519Signer = ISSUER, time_s: int | None = None, **changes: Any
    ) -> tuple[dsse.Envelope, str]:
        """Log a record by `signer`; returns envelope and proof."""
        record = small(issuer=Issuer("Test Label", signer.keyid), **changes)
        payload = record.to_payload()
        index = self.add(LogEntry("register", record.record_id, 1, commit(SALT, payload), signer.keyid))
        return dsse.sign(payload, PAYLOAD_TYPE, [signer]), self.proof(index, time_s)

    def event(self, envelope: dsse.Envelope, time_s: int | None = None) -> LoggedEvent:
        """Log a key event."""
        index = self.add(entry_of(envelope, SALT))
        return LoggedEvent(envelope, self.proof(index, time_s), SALT)


def rotation(
    old: Ed25519Signer = ISSUER, new: Ed25519Signer = SUCCESSOR, issued_at: str = LATER
) -> dsse.Envelope:
    return sign_rotation(old, new, "record", issued_at=issued_at, reason="yearly rotation")


def revocation(signer: Ed25519Signer = SUCCESSOR, **changes: Any) -> dsse.Envelope:
    event = KeyEvent(REVOKE, "record", ISSUER.keyid, LATER, "laptop stolen", compromised_since=THEFT)
    return sign_revocation(dataclasses.replace(event, **changes), signer)


def stolen(**changes: Any) -> TrustedKeys:
    life = KeyLife(ISSUER.keyid, revoked_at=LATER, compromised_since=THEFT, **changes)
    return dataclasses.replace(KEYS, lives=(life,))


def test_the_timeline_of_a_stolen_key() -> None:
    history = History()
    before = history.record(time_s=THEFT_S - DAY)
    # The thief writes an old date into his record, as into all fields; the witness's clock is not his.
    forged = history.record(time_s=THEFT_S + 1, record_id="ff" * 8, issued_at="2020-01-01T00:00:00Z")
    for envelope, proof in (before, forged):
        assert verify_record(envelope, KEYS, proof, SALT).key_status == VALID
    assert verify_record(before[0], stolen(), before[1], SALT).key_status == BEFORE_COMPROMISE
    with pytest.raises(SignatureError, match="compromised since"):
        verify_record(forged[0], stolen(), forged[1], SALT)


def test_at_the_very_moment_of_the_theft_nothing_counts_any_more() -> None:
    history = History()
    envelope, proof = history.record(time_s=THEFT_S)
    with pytest.raises(SignatureError):
        verify_record(envelope, stolen(), proof, SALT)
    assert verify_record(envelope, stolen(), history.proof(0, THEFT_S - 1), SALT).keyids == (ISSUER.keyid,)


def test_a_stolen_key_needs_somebody_independent() -> None:
    history = History()
    envelope, proof = history.record()
    with pytest.raises(SignatureError, match="nobody independent"):
        verify_record(envelope, stolen(), proof, SALT)
    with pytest.raises(SignatureError, match="nobody independent"):
        verify_record(envelope, stolen())
    # The order of the log is independent of a thief who has the record key only.
    assert verify_record(envelope, stolen(log_size=1), proof, SALT).key_status == BEFORE_COMPROMISE
    with pytest.raises(SignatureError):
        verify_record(envelope, stolen(log_size=0), proof, SALT)


def test_a_witness_that_is_not_trusted_tells_no_time() -> None:
    envelope, proof = History().record(time_s=THEFT_S - DAY)
    without = dataclasses.replace(stolen(), log=(LOG.key,))
    with pytest.raises(SignatureError, match="nobody independent"):
        verify_record(envelope, without, proof, SALT)


def test_another_good_signature_saves_the_record_but_not_the_issuer() -> None:
    history = History()
    record = small()
    payload = record.to_payload()
    index = history.add(LogEntry("register", record.record_id, 1, commit(SALT, payload), SUCCESSOR.keyid))
    envelope = dsse.sign(payload, PAYLOAD_TYPE, [ISSUER, SUCCESSOR])
    keys = dataclasses.replace(stolen(), record=(ISSUER.public_key, SUCCESSOR.public_key))
    verified = verify_record(envelope, keys, history.proof(index, None), SALT)
    assert (verified.keyids, verified.key_status) == ((SUCCESSOR.keyid,), VALID)
    named = small(issuer=Issuer("Test Label", ISSUER.keyid))
    with pytest.raises(SignatureError, match="did not sign"):
        verify_record(dsse.sign(named.to_payload(), PAYLOAD_TYPE, [ISSUER, SUCCESSOR]), keys)


def test_a_stolen_log_key_is_judged_too() -> None:
    life = KeyLife(LOG.key.keyid, revoked_at=LATER, compromised_since=THEFT, log_size=100)
    keys = dataclasses.replace(KEYS, lives=(life,))
    history = History()
    envelope, proof = history.record(time_s=THEFT_S - DAY)
    assert verify_record(envelope, keys, proof, SALT).key_status == VALID
    for time_s in (None, THEFT_S + 1):  # its own order of entries is no evidence for the log's own key
        with pytest.raises(SignatureError, match="compromised"):
            verify_record(envelope, keys, history.proof(0, time_s), SALT)


@pytest.mark.parametrize(
    ("life", "seen", "status"),
    [
        ({}, Seen(), VALID),
        ({"not_before": THEFT}, Seen(THEFT_S - 100), VALID),  # clocks differ
        ({"not_before": THEFT}, Seen(THEFT_S - 1000), None),
        ({"not_after": THEFT}, Seen(THEFT_S - 1), VALID),
        ({"not_after": THEFT}, Seen(THEFT_S), None),
        ({"not_after": THEFT}, Seen(), UNDATED),
        ({"not_after": THEFT, "log_size": 3}, Seen(THEFT_S + DAY, 2), VALID),
        ({"not_after": THEFT, "log_size": 3}, Seen(None, 3), None),
        ({"revoked_at": THEFT}, Seen(), None),
        ({"revoked_at": THEFT}, Seen(THEFT_S - 1), VALID),
        ({"revoked_at": LATER, "not_after": THEFT}, Seen(THEFT_S - 1), VALID),
        ({"revoked_at": LATER, "not_after": THEFT}, Seen(THEFT_S), None),
        ({"revoked_at": LATER, "not_after": THEFT}, Seen(), None),
        ({"compromised_since": THEFT}, Seen(THEFT_S - 1), BEFORE_COMPROMISE),
        ({"compromised_since": THEFT, "not_after": LATER}, Seen(THEFT_S + 1), None),
        ({"compromised_since": LATER, "not_after": THEFT}, Seen(THEFT_S), None),
    ],
)
def test_every_case_of_a_life(life: dict[str, Any], seen: Seen, status: str | None) -> None:
    whole = KeyLife("ab" * 32, **life)
    if status is None:
        with pytest.raises(SignatureError):
            judge(whole, seen)
    else:
        assert judge(whole, seen) == status


@pytest.mark.parametrize("later", [{"revoked_at": LATER}, {"revoked_at": LATER, "compromised_since": LATER}])
@pytest.mark.parametrize("seen", [Seen(THEFT_S + DAY), Seen(None, 4), Seen(THEFT_S + DAY, 4)])
def test_what_a_retired_key_signed_too_late_is_not_made_good_by_a_revocation(
    seen: Seen, later: dict[str, Any]
) -> None:
    retired = KeyLife("ab" * 32, not_after=THEFT, log_size=3)
    for life in (retired, dataclasses.replace(retired, **later)):
        with pytest.raises(SignatureError):
            judge(life, seen)


def test_a_reader_that_knows_no_dates_refuses_the_list() -> None:
    assert json.loads(KEYS.to_json())["v"] == 1
    born = dataclasses.replace(KEYS, lives=(KeyLife(ISSUER.keyid, not_before=THEFT),))
    assert json.loads(born.to_json())["v"] == 1
    assert json.loads(stolen().to_json())["v"] == 2
    for keys in (born, stolen(log_size=4, reason="theft")):
        assert TrustedKeys.from_json(keys.to_json()) == keys
    with pytest.raises(KeyFileError):
        KeyLife("ab" * 32, compromised_since="yesterday")


def test_whoever_trusts_the_first_key_arrives_at_the_second() -> None:
    history = History()
    old, _ = history.record(time_s=THEFT_S)
    event = history.event(rotation())
    fresh, proof = history.record(SUCCESSOR, record_id="aa" * 8)
    with pytest.raises(SignatureError):
        verify_record(fresh, KEYS, proof, SALT)
    keys = follow(KEYS, [event])
    assert verify_record(fresh, keys, proof, SALT).key_status == VALID
    assert verify_record(old, keys, history.proof(0, None), SALT).key_status == VALID
    late, proof = history.record(ISSUER, record_id="bb" * 8)
    with pytest.raises(SignatureError, match="retired"):
        verify_record(late, keys, proof, SALT)
    assert follow(keys, [event]) == keys


def test_a_rotation_needs_both_signatures_and_its_place_in_the_log() -> None:
    both = rotation()
    for kept in both.signatures:
        event = History().event(dataclasses.replace(both, signatures=(kept,)))
        with pytest.raises(SignatureError):
            follow(KEYS, [event])
    with pytest.raises(SignatureError):
        follow(KEYS, [History().event(rotation(THIEF))])
    event = History().event(both)
    with pytest.raises(ProofError):
        follow(KEYS, [dataclasses.replace(event, salt=bytes(32))])
    with pytest.raises(SignatureError, match="0 of 1"):
        follow(KEYS, [event], witnesses=1)
    assert len(follow(KEYS, [History().event(both, THEFT_S)], witnesses=1).record) == 2


def test_only_the_first_rotation_of_a_key_counts() -> None:
    history = History()
    first, second = history.event(rotation()), history.event(rotation(new=THIEF))
    with pytest.raises(SignatureError, match="retired"):
        follow(KEYS, [second, first])


def test_a_thief_s_rotation_after_the_theft_is_void() -> None:
    event = History().event(rotation(new=THIEF), THEFT_S + DAY)
    with pytest.raises(SignatureError, match="compromised"):
        follow(stolen(), [event])


def test_a_revocation_is_signed_by_another_trusted_key() -> None:
    history = History()
    before, proof = history.record(time_s=THEFT_S - DAY)
    handed_over = history.event(rotation())
    revoked = history.event(revocation())
    keys = follow(KEYS, [handed_over, revoked])
    assert verify_record(before, keys, proof, SALT).key_status == BEFORE_COMPROMISE
    forged, proof = history.record(record_id="ff" * 8, time_s=THEFT_S + 1)
    with pytest.raises(SignatureError, match="compromised"):
        verify_record(forged, keys, proof, SALT)
    with pytest.raises(SignatureError):
        follow(KEYS, [History().event(revocation(THIEF))])
    with pytest.raises(SignatureError, match="cannot revoke itself"):
        revocation(ISSUER)


def test_a_plain_revocation_ends_the_key_where_it_is_logged() -> None:
    history = History()
    before, _ = history.record()
    events = [history.event(rotation()), history.event(revocation(compromised_since=None))]
    keys = follow(KEYS, events)
    assert verify_record(before, keys, history.proof(0, None), SALT).key_status == VALID
    with pytest.raises(SignatureError, match="revoked"):
        verify_record(before, keys)


def test_a_theft_that_is_found_out_after_the_revocation_counts() -> None:
    """A key is revoked at once; since when a thief had it is known a week later."""
    history = History()
    before, proof = history.record(time_s=THEFT_S - DAY)
    forged, forged_proof = history.record(record_id="ff" * 8, time_s=THEFT_S + 1)
    events = [history.event(rotation()), history.event(revocation(compromised_since=None))]
    first = follow(KEYS, events)
    assert verify_record(forged, first, forged_proof, SALT).key_status == VALID
    theft = history.event(revocation(log_size=1))
    keys = follow(KEYS, [*events, theft])
    assert verify_record(before, keys, proof, SALT).key_status == BEFORE_COMPROMISE
    with pytest.raises(SignatureError, match="compromised"):
        verify_record(forged, keys, forged_proof, SALT)
    for again in (theft, history.event(revocation(compromised_since=LATER)), events[1]):
        assert follow(keys, [again]) == keys, "only an earlier theft says more"


def test_a_key_that_was_retired_before_its_theft_ended_there() -> None:
    history = History()
    events = [history.event(rotation(issued_at=THEFT))]
    late, proof = history.record()
    with pytest.raises(SignatureError, match="retired"):
        verify_record(late, follow(KEYS, events), proof, SALT)
    events.append(history.event(revocation(compromised_since=LATER, log_size=3)))
    with pytest.raises(SignatureError, match="compromised"):
        verify_record(late, follow(KEYS, events), proof, SALT)


def test_the_log_s_size_at_the_theft_saves_what_was_logged_before() -> None:
    history = History()
    before, _ = history.record()
    keys = follow(KEYS, [history.event(rotation()), history.event(revocation(log_size=1))])
    assert verify_record(before, keys, history.proof(0, None), SALT).key_status == BEFORE_COMPROMISE


def test_a_folder_with_a_rotation_verifies_from_the_first_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = History()
    event = history.event(rotation())
    fresh, proof = history.record(SUCCESSOR)
    late, late_proof = history.record(ISSUER, record_id="bb" * 8)
    files = bundle("fresh", KEYS, record=fresh, tlog_proof=proof, salt=SALT)
    files |= {
        "01.key.dsse.json": event.envelope.to_json(),
        "01.tlog-proof": event.tlog_proof.encode(),
        "01.salt": SALT.hex().encode(),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert main([str(tmp_path)]) == 0
    assert "1 rotation or revocation," in capsys.readouterr().out
    for name, data in bundle("late", KEYS, record=late, tlog_proof=late_proof, salt=SALT).items():
        (tmp_path / name).write_bytes(data)
    assert main([str(tmp_path)]) == 1
    assert "FAIL  late.tlog-proof" in capsys.readouterr().out
    (tmp_path / "01.salt").write_bytes(b"00" * 32)
    assert main([str(tmp_path)]) == 1
    assert "FAIL  key events" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        {"successor": ISSUER.public_key.pem.decode()},
        {"type": "key.rotate"},
        {"type": "register"},
        {"purpose": "witness"},
        {"keyid": "x"},
        {"reason": ""},
        {"log_size": -1},
        {"compromised_since": "2027"},
    ],
)
def test_a_malformed_event_is_refused(changes: dict[str, Any]) -> None:
    event = KeyEvent(REVOKE, "record", ISSUER.keyid, LATER, "reason", compromised_since=THEFT)
    assert KeyEvent.from_payload(event.to_payload()) == event
    with pytest.raises(RecordError):
        dataclasses.replace(event, **changes)
