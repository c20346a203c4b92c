"""A folder for an auditor: the whole life of a record, judged offline, and every way to tamper with it."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ProofError, TrackmarkError
from provenance.records import envelope as dsse
from provenance.records import lifecycle
from provenance.records.checkpoint import Checkpoint, TlogProof, cosign_note, sign_checkpoint
from provenance.records.folder import FolderError, bundle, main, verify_folder
from provenance.records.keys import Ed25519Signer
from provenance.records.lifecycle import Statement, amend
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, commit, leaf_hash
from provenance.records.note import NoteSigner
from provenance.records.record import PAYLOAD_TYPE, Issuer, OwnershipRecord
from provenance.records.report import sign_report
from provenance.records.state import standing, verify_statement
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record

from .samples import small
from .test_verify import ISSUER, KEYS, LOG, REPORT, REPORTER, SALT, WITNESS

TIME_S = 1_800_000_000


class Life:
    """One log that holds a record's events between those of others; all proofs lead to one checkpoint."""

    def __init__(self, origin: NoteSigner = LOG) -> None:
        self.origin = origin
        self.log = MerkleLog(MemoryNodeStore())
        self.events: list[tuple[str, dsse.Envelope, LogEntry, int]] = []
        self.newest = small(issuer=Issuer("Test Label", ISSUER.keyid))

    def add(self, content: OwnershipRecord | Statement, kind: str, signer: Ed25519Signer = ISSUER) -> None:
        """Sign and log something, whether it makes sense or not."""
        payload = content.to_payload()
        if isinstance(content, OwnershipRecord):
            payload_type, revision = PAYLOAD_TYPE, content.revision
        else:
            payload_type, revision = lifecycle.PAYLOAD_TYPE, self.newest.revision
        envelope = dsse.sign(payload, payload_type, [signer])
        entry = LogEntry(kind, content.record_id, revision, commit(SALT, payload), signer.keyid)
        self.log.append(leaf_hash(b"somebody else's"))
        self.events.append((kind, envelope, entry, self.log.append(leaf_hash(entry.to_bytes()))))

    def register(self) -> "Life":
        self.add(self.newest, "register")
        return self

    def revise(self, kind: str = "amend", **changes: object) -> "Life":
        self.newest = amend(self.newest, issued_at="2026-12-01T00:00:00Z", **changes)
        self.add(self.newest, kind)
        return self

    def state(self, kind: str, issuer: str, reason: str) -> "Life":
        self.add(about(self, kind, issuer, reason), kind)
        return self

    def proof(self, number: int) -> str:
        """The proof file of an event."""
        _, _, entry, index = self.events[number]
        note = sign_checkpoint(Checkpoint(self.origin.name, self.log.size, self.log.root()), self.origin)
        note = cosign_note(note, WITNESS, TIME_S)
        return TlogProof(index, self.log.inclusion_proof(index), note, entry.to_bytes()).to_text()

    def write(self, folder: Path, *, proofs: bool = True) -> Path:
        """The folder, files named in the order of events."""
        for number, (kind, envelope, _, _) in enumerate(self.events):
            of_record = envelope.payload_type == PAYLOAD_TYPE
            files = bundle(
                f"{number}-{kind}",
                KEYS,
                record=envelope if of_record else None,
                statement=None if of_record else envelope,
                tlog_proof=self.proof(number) if proofs else None,
                salt=SALT if proofs else None,
            )
            put(folder, files)
        return folder


def about(life: Life, kind: str, issuer: str = "A", reason: str = "b") -> Statement:
    """A statement about the newest revision."""
    newest = life.newest
    return Statement(kind, newest.record_id, newest.digest(), "2026-12-02T00:00:00Z", issuer, reason)


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def verdict(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = main([str(folder), *options])
    return code, capsys.readouterr().out


def whole() -> Life:
    """Registered, amended, transferred, disputed, settled."""
    life = Life().register().revise(asset=dataclasses.replace(small().asset, title="New")).revise("transfer")
    life.state("dispute.open", "A Singer", "my voice")
    return life.state("dispute.close", "A Singer", "paid")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A record of two revisions and a report."""
    Life().register().revise().write(tmp_path)
    put(tmp_path, bundle("audit", KEYS, report=sign_report(REPORT, [REPORTER])))
    return tmp_path


def test_each_step_of_a_life_gives_its_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = dataclasses.replace(small().asset, title="New")
    steps: list[tuple[Callable[[Life], Life], int, str, str]] = [
        (lambda life: life.register(), 0, "VERIFIED", "the claim stands as asserted"),
        (lambda life: life.revise(asset=new), 0, "VERIFIED", "'New'"),
        (lambda life: life.revise("transfer"), 0, "VERIFIED", "revision 3 of 'New' is the newest"),
        (lambda life: life.state("dispute.open", "A Singer", "my voice"), 1, "CONTESTED", "A Singer on"),
        (lambda life: life.state("dispute.open", "B", "words"), 1, "CONTESTED", "(2 of 2 disputes open)"),
        (lambda life: life.state("dispute.close", "x", "paid"), 1, "CONTESTED", "(1 of 2 disputes open)"),
        (lambda life: life.state("dispute.close", "A Writer", "paid"), 0, "VERIFIED", "stands as asserted"),
        (lambda life: life.state("revoke", "A Label", "sold"), 1, "CONTESTED", "REVOKED by A Label"),
    ]  # fmt: skip
    life = Life()
    for number, (step, code, word, text) in enumerate(steps):
        step(life)
        place = tmp_path / str(number)
        place.mkdir()
        found, said = verdict(life.write(place), capsys)
        assert (found, said.splitlines()[-1].partition(":")[0]) == (code, word), said
        assert text in said


def test_a_dispute_left_out_leaves_a_gap_nobody_can_hide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole().write(tmp_path)
    for path in tmp_path.glob("3-*"):
        path.unlink()
    code, said = verdict(tmp_path, capsys)
    assert code == 1
    assert "a dispute is closed that was never opened" in said


def test_a_revision_left_out_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole().write(tmp_path)
    for path in tmp_path.glob("1-*"):
        path.unlink()
    code, said = verdict(tmp_path, capsys)
    assert code == 1
    assert "revision 3 does not follow from revision 1" in said


def test_what_was_left_out_at_the_end_is_said_to_be_invisible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    life = whole().state("revoke", "A Label", "sold")
    life.write(tmp_path)
    for path in tmp_path.glob("5-*"):
        path.unlink()
    code, said = verdict(tmp_path, capsys)
    assert code == 0
    assert "left out of this folder, cannot be seen" in said


def test_every_bit_of_a_revocation_counts(tmp_path: Path) -> None:
    Life().register().state("revoke", "A Label", "sold").write(tmp_path)
    path = tmp_path / "1-revoke.event.dsse.json"
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        try:
            checks = verify_folder(tmp_path)
        except TrackmarkError:
            continue
        bad = [check for check in checks if check.passed is False or not check.stands]
        assert bad, f"byte {place}"


@pytest.mark.parametrize("kind", ["dispute.close", "dispute.open", "amend"])
def test_a_statement_logged_as_something_else_is_refused(tmp_path: Path, kind: str) -> None:
    life = Life().register()
    statement = Statement(
        "revoke", life.newest.record_id, life.newest.digest(), "2026-12-02T00:00:00Z", "A", "b"
    )
    life.add(statement, kind)
    with pytest.raises(ProofError, match="another event"):
        verify_statement(life.events[1][1], KEYS, life.proof(1), SALT)


def test_a_second_registration_in_the_log_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    life = Life().register()
    life.newest = amend(life.newest, issued_at="2026-12-01T00:00:00Z")
    life.add(life.newest, "register")
    code, said = verdict(life.write(tmp_path), capsys)
    assert (code, "another kind of event" in said) == (1, True)


def test_anything_after_a_revocation_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    life = Life().register().state("revoke", "A Label", "sold").revise()
    code, said = verdict(life.write(tmp_path), capsys)
    assert (code, "revoked record cannot be revised" in said) == (1, True)


def test_a_stranger_cannot_revoke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    life = Life().register()
    about = life.newest.digest()
    stranger = Ed25519Signer.generate()
    life.add(
        Statement("revoke", life.newest.record_id, about, "2026-12-02T00:00:00Z", "A", "b"),
        "revoke",
        stranger,
    )
    code, said = verdict(life.write(tmp_path), capsys)
    assert (code, "FAIL  1-revoke.event.dsse.json" in said) == (1, True)


def test_without_proofs_only_what_contests_is_believed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Life().register().state("dispute.open", "A Singer", "mine").state("dispute.close", "x", "y").write(
        tmp_path, proofs=False
    )
    assert verdict(tmp_path, capsys)[0] == 1  # the settlement is nowhere in the log
    for path in tmp_path.glob("*dispute*"):
        path.unlink()
    code, said = verdict(tmp_path, capsys)
    assert (code, "the time of the claim is unproven" in said) == (0, True)


def test_part_of_a_chain_is_called_a_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Life().register().revise().revise().write(tmp_path)
    for path in tmp_path.glob("0-*"):
        path.unlink()
    code, said = verdict(tmp_path, capsys)
    assert code == 0
    assert "the registration is not here, so how the record stands is unknown" in said


def test_events_are_added_up_in_the_order_of_the_log_whatever_order_they_come_in() -> None:
    life = whole()
    verified = [
        (verify_record if envelope.payload_type == PAYLOAD_TYPE else verify_statement)(
            envelope, KEYS, life.proof(number), SALT
        )
        for number, (_, envelope, _, _) in enumerate(life.events)
    ]
    expected = standing(verified)
    assert (expected.record.revision, expected.status) == (3, "asserted")
    for turn in range(len(verified)):
        assert standing([*verified[turn:], *verified[:turn], verified[0]]) == expected
    assert standing(reversed(verified)) == expected
    with pytest.raises(ProofError, match="no place"):
        standing([dataclasses.replace(verified[0], logged=None), *verified[1:]])


def test_two_histories_of_one_log_are_a_fork(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Life().register().revise().write(tmp_path)
    other = Life()
    other.newest = dataclasses.replace(other.newest, record_id="ff" * 8)
    other.register().revise()
    other.events = [("x" + kind, envelope, entry, at) for kind, envelope, entry, at in other.events]
    code, said = verdict(other.write(tmp_path), capsys)
    assert (code, "the log shows two histories" in said) == (1, True)


def test_a_folder_verifies_and_explains_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verdict(folder, capsys)
    assert code == 0
    for part in ("'A Song'", "entry 1 of the log example.com/log", "2027-01-15T08:00:00Z", "is the newest"):
        assert part in said
    assert "compare them with the ones the issuer publishes" in said
    assert "VERIFIED: 6 of 6 checks hold" in said


def test_the_command_runs_offline_in_a_fresh_interpreter(folder: Path) -> None:
    command = [sys.executable, "-m", "provenance.records.verify", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "VERIFIED" in done.stdout


def test_a_damaged_signature_fails_the_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "0-register.record.dsse.json"
    data = bytearray(path.read_bytes())
    place = data.index(b'"sig":"') + 10
    data[place] = ord("A") if data[place] != ord("A") else ord("B")
    path.write_bytes(data)
    code, said = verdict(folder, capsys)
    assert (code, "FAIL  0-register.record.dsse.json" in said) == (1, True)


def test_a_swapped_proof_fails_the_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "0-register.tlog-proof").write_bytes((folder / "1-amend.tlog-proof").read_bytes())
    code, said = verdict(folder, capsys)
    assert (code, "FAIL  0-register.tlog-proof" in said) == (1, True)


def test_a_fork_of_a_record_fails_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    life = Life().register()
    life.add(amend(life.newest, issued_at="2030-01-01T00:00:00Z"), "amend")
    code, said = verdict(life.revise().write(tmp_path), capsys)
    assert (code, "a fork" in said) == (1, True)


def test_the_same_revision_twice_is_no_fork(folder: Path) -> None:
    copy = (folder / "0-register.record.dsse.json").read_bytes()
    (folder / "copy.record.dsse.json").write_bytes(copy)
    for ending in ("tlog-proof", "salt"):
        (folder / f"copy.{ending}").write_bytes((folder / f"0-register.{ending}").read_bytes())
    assert False not in [check.passed for check in verify_folder(folder)]


def test_strangers_keys_fail_the_folder(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = dataclasses.replace(KEYS, record=(Ed25519Signer.generate().public_key,))
    path = tmp_path_factory.mktemp("elsewhere") / "keys.json"
    path.write_bytes(stranger.to_json())
    code, said = verdict(folder, capsys, "--keys", str(path))
    assert (code, "0 of 1 needed signatures" in said) == (1, True)


def test_a_missing_witness_fails_the_folder_if_one_is_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verdict(folder, capsys, "--witnesses", "1")[0] == 1  # the report has no proof at all
    (folder / "audit.report.dsse.json").unlink()
    assert verdict(folder, capsys, "--witnesses", "1")[0] == 0
    assert verdict(folder, capsys, "--witnesses", "2")[0] == 1


def test_unreadable_folders_exit_with_3(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    assert main([str(empty)]) == 3
    assert main([str(empty / "missing")]) == 3
    put(empty, {"keys.json": KEYS.to_json()})
    assert main([str(empty)]) == 3
    (folder / "keys.json").write_bytes(b"{")
    assert main([str(folder)]) == 3
    with pytest.raises(FolderError):
        verify_folder(empty)
    (folder / "keys.json").write_bytes(b" " * (5 << 20))
    assert main([str(folder)]) == 3
    assert "unreadable" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["0-register.record.dsse.json", "0-register.tlog-proof", "0-register.salt", "audit.report.dsse.json",
     "9-revoke.event.dsse.json"],
)  # fmt: skip
@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"{}", b"[" * 1000, b"c2sp.org/tlog-proof@v1\n\n"])
def test_hostile_files_fail_and_never_crash(
    folder: Path, name: str, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).write_bytes(data)
    try:
        assert verdict(folder, capsys)[0] == 1
    except TrackmarkError:
        pytest.fail("the command let an error through")


def test_keys_of_another_log_do_not_vouch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stranger = NoteSigner(LOG.name, Ed25519Signer.generate())
    life = Life(stranger).register()
    code, _ = verdict(life.write(tmp_path), capsys)
    assert code == 1
    trusting = TrustedKeys(record=KEYS.record, log=(stranger.key,))
    assert all(check.passed for check in verify_folder(tmp_path, trusting))
