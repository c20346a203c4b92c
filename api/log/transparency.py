"""What the transparency log tells the world: checkpoints, proofs, tiles. All of it is public.

Entries are salted commitments, so nothing here names a person or a track. Nothing here signs: who appends
leaves the signed checkpoint behind (`log.leaves.appending`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from api import database
from api.database.tables import Table
from api.errors import UnknownEntry
from api.log import checkpoints, leaves, tiles, tree
from core.errors import KeyFileError
from provenance.records.checkpoint import NoteKey, TlogProof, checkpoint_of
from provenance.records.keys import PublicKey
from provenance.records.stamping import own_lines
from provenance.records.tiles import TILE_WIDTH

_KEYS = Table.metadata.tables["signing_keys"]


class UnsignedLog(KeyFileError):
    """The log's newest entries have no signed checkpoint yet."""


@dataclass(frozen=True)
class TransparencyLog:
    """The log in a database.

    Attributes:
        engine: the database.
        given_origin: its name in checkpoints; None for one made from its first key.
    """

    engine: Engine
    given_origin: str | None = None

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        """The keys that verify its checkpoints, the one in force first; raises `UnknownEntry` without any."""
        with database.reading(self.engine) as connection:
            return self.keys_on(connection)

    def keys_on(self, connection: Connection) -> tuple[NoteKey, ...]:
        """The same, as an open transaction sees it."""
        query = (
            select(_KEYS.c.keyid, _KEYS.c.public_pem, _KEYS.c.retired_at)
            .where(_KEYS.c.purpose == "log")
            .order_by(_KEYS.c.created_at, _KEYS.c.keyid)
        )
        rows = connection.execute(query).all()
        if not rows:
            raise UnknownEntry("the log has no key yet; the first registration makes it")
        return self.named([(row.keyid, row.public_pem, row.retired_at is not None) for row in rows])

    def named(self, rows: Sequence[tuple[str, str, bool]]) -> tuple[NoteKey, ...]:
        """Keys of the log under its name, the ones in force first.

        Args:
            rows: key id, public key in PEM and whether it is retired, the oldest first.
        """
        if not rows:
            return ()
        # No domain is ours to claim by default, and ".invalid" can never become another's (RFC 2606).
        origin = self.given_origin or f"trackmark.invalid/log/{rows[0][0][:16]}"
        ordered = sorted(rows, key=lambda row: row[2])
        return tuple(NoteKey(origin, PublicKey.from_pem(pem.encode()).raw) for _, pem, _ in ordered)

    @property
    def origin(self) -> str:
        """The log's name in checkpoints, whatever its key today."""
        return self.keys[0].name

    @property
    def key(self) -> NoteKey:
        """The key that verifies checkpoints."""
        return self.keys[0]

    def checkpoint(self) -> str:
        """The newest checkpoint that the log signed.

        Right behind a hand-over of the log's key it is the one that both keys signed.

        Raises:
            UnsignedLog: there is none yet.
        """
        with database.reading(self.engine) as connection:
            return _head(connection, 0)

    def proof_file(self, leaf_index: int, *, witnesses: int = 0, handover: bool = False) -> str:
        """The `.tlog-proof` text of one entry.

        It leads to the earliest checkpoint with the entry that witnesses co-signed or an authority stamped,
        because the earliest time is what dates the entry; to the newest checkpoint where there is none yet.

        Args:
            leaf_index: the entry.
            witnesses: how many witnesses the reader asks for.
            handover: the entry hands over the log's key: lead to the checkpoint that both keys signed.

        Raises:
            UnknownEntry: the log is shorter.
            UnsignedLog: no signed checkpoint covers the entry yet.
        """
        with database.reading(self.engine) as connection:
            entry = leaves.entry(connection, leaf_index)
            if handover:
                note = checkpoints.kept(connection, leaf_index + 1)
            else:
                note = checkpoints.dated(connection, [leaf_index], witnesses).get(leaf_index)
            note = note or _head(connection, leaf_index + 1)
            size = checkpoint_of(note).size
            path = tree.ask(connection, size, lambda log: log.inclusion_proof(leaf_index))
            return TlogProof(leaf_index, path, note, entry).to_text()

    def witnessed(self) -> str | None:
        """The newest checkpoint that witnesses co-signed; None before the first."""
        with database.reading(self.engine) as connection:
            return checkpoints.witnessed(connection)

    def inclusion(self, leaf_index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Audit path of an entry in the tree of `size` entries (default: all)."""
        with database.reading(self.engine) as connection:
            whole = tree.size_of(connection)
            return tree.ask(connection, whole, lambda log: log.inclusion_proof(leaf_index, size))

    def consistency(self, old_size: int, size: int | None = None) -> tuple[bytes, ...]:
        """Proof that the log of `old_size` entries is a prefix of that of `size` (default: all)."""
        with database.reading(self.engine) as connection:
            whole = tree.size_of(connection)
            return tree.ask(connection, whole, lambda log: log.consistency_proof(old_size, size))

    def entry(self, leaf_index: int) -> bytes:
        """Bytes of one entry; raises `UnknownEntry` where the log is shorter."""
        with database.reading(self.engine) as connection:
            return leaves.entry(connection, leaf_index)

    def hash_tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes:
        """One C2SP tile of hashes; raises `UnknownEntry` where it is not complete yet."""
        with database.reading(self.engine) as connection:
            return tiles.hash_tile(connection, level, number, width)

    def entry_tile(self, number: int, width: int = TILE_WIDTH) -> bytes:
        """One C2SP entry bundle; raises `UnknownEntry` where it is not complete yet."""
        with database.reading(self.engine) as connection:
            return tiles.entry_tile(connection, number, width)


def _head(connection: Connection, size: int) -> str:
    """The newest signed checkpoint, which must cover `size` entries."""
    newest = checkpoints.head(connection)
    if newest is None or newest[0] < size:
        raise UnsignedLog(
            "the log has entries without a signed checkpoint; run any `trackmark` command where its key is"
        )
    return own_lines(newest[1])
