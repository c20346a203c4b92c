"""What the transparency log tells the world: checkpoints, proofs, tiles. All of it is public.

Entries are salted commitments, so nothing here names a person or a track.
"""

from dataclasses import dataclass

from sqlalchemy import Engine

from api import database
from api.log import store as log_store
from provenance.records.checkpoint import (
    Checkpoint,
    NoteKey,
    NoteSigner,
    TlogProof,
    checkpoint_of,
    sign_checkpoint,
)
from provenance.records.log import MerkleLog
from provenance.records.stamping import own_lines
from provenance.records.tiles import TILE_WIDTH


@dataclass(frozen=True)
class TransparencyLog:
    """The log in a database, under its name and key."""

    engine: Engine
    signer: NoteSigner

    @property
    def origin(self) -> str:
        """The log's name in checkpoints."""
        return self.signer.name

    @property
    def key(self) -> NoteKey:
        """The key that verifies checkpoints."""
        return self.signer.key

    def checkpoint(self) -> str:
        """The newest checkpoint. Signing is deterministic, so two reads of one size agree to the byte.

        Right behind a hand-over of the log's key it is the one that both keys signed.
        """
        with database.reading(self.engine) as connection:
            size = log_store.size_of(connection)
            kept = log_store.kept(connection, size)
            if kept is not None:
                return own_lines(kept)
            return self._signed(size, log_store.ask(connection, size, MerkleLog.root))

    def proof_file(self, leaf_index: int, *, witnesses: int = 0, handover: bool = False) -> str:
        """The `.tlog-proof` text of one entry.

        It leads to the earliest checkpoint with the entry that witnesses co-signed or an authority stamped,
        because the earliest time is what dates the entry; to the newest checkpoint where there is none yet.

        Args:
            leaf_index: the entry.
            witnesses: how many witnesses the reader asks for.
            handover: the entry hands over the log's key: lead to the checkpoint that both keys signed.
        """
        with database.reading(self.engine) as connection:
            entry = log_store.entry(connection, leaf_index)
            if handover:
                note = log_store.kept(connection, leaf_index + 1)
            else:
                note = log_store.dated(connection, leaf_index, witnesses)
            size = log_store.size_of(connection) if note is None else checkpoint_of(note).size
            path, root = log_store.ask(
                connection, size, lambda log: (log.inclusion_proof(leaf_index), log.root())
            )
            return TlogProof(leaf_index, path, note or self._signed(size, root), entry).to_text()

    def witnessed(self) -> str | None:
        """The newest checkpoint that witnesses co-signed; None before the first."""
        with database.reading(self.engine) as connection:
            return log_store.witnessed(connection)

    def inclusion(self, leaf_index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Audit path of an entry in the tree of `size` entries (default: all)."""
        with database.reading(self.engine) as connection:
            whole = log_store.size_of(connection)
            return log_store.ask(connection, whole, lambda log: log.inclusion_proof(leaf_index, size))

    def consistency(self, old_size: int, size: int | None = None) -> tuple[bytes, ...]:
        """Proof that the log of `old_size` entries is a prefix of that of `size` (default: all)."""
        with database.reading(self.engine) as connection:
            whole = log_store.size_of(connection)
            return log_store.ask(connection, whole, lambda log: log.consistency_proof(old_size, size))

    def entry(self, leaf_index: int) -> bytes:
        """Bytes of one entry; raises `UnknownEntry` where the log is shorter."""
        with database.reading(self.engine) as connection:
            return log_store.entry(connection, leaf_index)

    def hash_tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes:
        """One C2SP tile of hashes; raises `UnknownEntry` where it is not complete yet."""
        with database.reading(self.engine) as connection:
            return log_store.hash_tile(connection, level, number, width)

    def entry_tile(self, number: int, width: int = TILE_WIDTH) -> bytes:
        """One C2SP entry bundle; raises `UnknownEntry` where it is not complete yet."""
        with database.reading(self.engine) as connection:
            return log_store.entry_tile(connection, number, width)

    def _signed(self, size: int, root: bytes) -> str:
        return sign_checkpoint(Checkpoint(self.origin, size, root), self.signer)
