"""A witness signs one history of a log, never two."""

import pytest

from core.errors import ProofError, SignatureError
from provenance.records.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from provenance.records.keys import Ed25519Signer
from provenance.records.log import MemoryNodeStore, MerkleLog, leaf_hash
from provenance.records.note import NoteSigner
from provenance.records.trust import TrustedKeys
from provenance.records.witness import (
    AddCheckpoint,
    Conflict,
    MalformedRequest,
    UnknownLog,
    Witness,
    add_cosignature,
)

LOG = NoteSigner("example.com/log", Ed25519Signer.generate())
NAME = NoteSigner("witness.example", Ed25519Signer.generate())
TIME_S = 1_800_000_000


class MemoryState:
    """A state in a dictionary."""

    def __init__(self) -> None:
        self.checkpoints: dict[str, Checkpoint] = {}
        self.handed_over: dict[str, TrustedKeys] = {}

    def latest(self, origin: str) -> Checkpoint | None:
        """The last checkpoint of a log."""
        return self.checkpoints.get(origin)

    def advance(self, old: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace it."""
        if self.checkpoints.get(new.origin) != old:
            return False
        self.checkpoints[new.origin] = new
        return True

    def keys(self, origin: str) -> TrustedKeys | None:
        """The keys after the last hand-over."""
        return self.handed_over.get(origin)

    def keep_keys(self, origin: str, keys: TrustedKeys) -> None:
        """Keep them."""
        self.handed_over[origin] = keys


def grown(size: int, *, other_from: int | None = None) -> MerkleLog:
    """A log of `size` entries; from `other_from` on its history is another one."""
    log = MerkleLog(MemoryNodeStore())
    for i in range(size):
        forked = other_from is not None and i >= other_from
        log.append(leaf_hash(b"%s %d" % (b"fork" if forked else b"entry", i)))
    return log


def request(log: MerkleLog, old: int, size: int, *, signer: NoteSigner = LOG) -> AddCheckpoint:
    note = sign_checkpoint(Checkpoint(LOG.name, size, log.root(size)), signer)
    return AddCheckpoint(old, log.consistency_proof(old, size) if old <= size else (), note)


@pytest.fixture
def witness() -> Witness:
    return Witness(NAME, [LOG.key], MemoryState(), lambda: TIME_S + 0.9)


def test_a_growing_log_is_cosigned(witness: Witness) -> None:
    log = grown(20)
    for old, size in ((0, 3), (3, 3), (3, 8), (8, 20)):
        asked = AddCheckpoint.from_text(request(log, old, size).to_text())
        note = add_cosignature(asked.checkpoint, witness.add_checkpoint(asked), NAME.cosigner_key)
        verified = verify_checkpoint(note, [LOG.key, NAME.cosigner_key], witnesses=1)
        assert (verified.checkpoint.size, verified.earliest_witness_s) == (size, TIME_S)


def test_every_fork_is_refused(witness: Witness) -> None:
    log = grown(16)
    witness.add_checkpoint(request(log, 0, 9))
    for start in range(9):
        fork = grown(16, other_from=start)
        for size in range(10, 17):
            with pytest.raises(ProofError):
                witness.add_checkpoint(request(fork, 9, size))
        with pytest.raises(Conflict, match="forked"):
            witness.add_checkpoint(request(fork, 9, 9))
    assert witness.add_checkpoint(request(log, 9, 16))


def test_two_histories_get_one_cosignature(witness: Witness) -> None:
    # The log shows one history to the witness and the label, another to the auditor.
    shown, hidden = grown(8), grown(8, other_from=5)
    honest = request(shown, 0, 8)
    note = add_cosignature(honest.checkpoint, witness.add_checkpoint(honest), NAME.cosigner_key)
    verify_checkpoint(note, [LOG.key, NAME.cosigner_key], witnesses=1)
    lie = request(hidden, 0, 8)
    with pytest.raises(Conflict) as refused:
        witness.add_checkpoint(lie)
    assert refused.value.size == 8
    stolen_line = note[len(honest.checkpoint) :]
    with pytest.raises(SignatureError):
        add_cosignature(lie.checkpoint, stolen_line, NAME.cosigner_key)


def test_a_replay_and_a_rollback_are_refused(witness: Witness) -> None:
    log = grown(12)
    first, second = request(log, 0, 4), request(log, 4, 12)
    witness.add_checkpoint(first)
    witness.add_checkpoint(second)
    for replayed in (first, second, request(log, 4, 8)):
        with pytest.raises(Conflict) as refused:
            witness.add_checkpoint(replayed)
        assert refused.value.size == 12
    with pytest.raises(MalformedRequest, match="shrink"):
        witness.add_checkpoint(request(log, 12, 8))


def test_only_known_logs_with_their_own_signature(witness: Witness) -> None:
    log = grown(2)
    stranger = NoteSigner("example.com/other", Ed25519Signer.generate())
    note = sign_checkpoint(Checkpoint(stranger.name, 2, log.root()), stranger)
    with pytest.raises(UnknownLog):
        witness.add_checkpoint(AddCheckpoint(0, (), note))
    impostor = NoteSigner(LOG.name, Ed25519Signer.generate())
    with pytest.raises(SignatureError):
        witness.add_checkpoint(request(log, 0, 2, signer=impostor))


def test_a_state_that_moved_meanwhile_is_a_conflict() -> None:
    class Busy(MemoryState):
        def advance(self, old: Checkpoint | None, new: Checkpoint) -> bool:
            return False

    with pytest.raises(Conflict):
        Witness(NAME, [LOG.key], Busy(), lambda: TIME_S).add_checkpoint(request(grown(2), 0, 2))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old 0",
        "old -1\n\n",
        "old 01\n\n",
        "old x\n\nx",
        "old 0\n!\n\nx",
        "old 0\nAAAA\n\nx",
        "old 0\n" + ("A" * 43 + "=\n") * 64 + "\nx",
        "new 0\n\nx",
    ],
)
def test_a_malformed_request_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequest):
        AddCheckpoint.from_text(text)


def test_a_checkpoint_with_more_lines_is_malformed(witness: Witness) -> None:
    from provenance.records.note import sign_note

    note = sign_note(Checkpoint(LOG.name, 0, grown(0).root()).to_text() + "extension\n", [LOG])
    with pytest.raises(MalformedRequest):
        witness.add_checkpoint(AddCheckpoint(0, (), note))


def test_an_answer_of_somebody_else_is_not_taken(witness: Witness) -> None:
    asked = request(grown(2), 0, 2)
    line = witness.add_checkpoint(asked)
    other = NoteSigner("other.example", Ed25519Signer.generate())
    for answer, key in ((line, other.cosigner_key), ("", NAME.cosigner_key), (line * 2, NAME.cosigner_key)):
        with pytest.raises(SignatureError):
            add_cosignature(asked.checkpoint, answer, key)
