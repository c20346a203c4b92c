"""Heads of chains in the transparency log, so that whoever vouches for a checkpoint vouches for the trail."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from api import database
from api.database.tables import Table
from api.keys.signing import SigningKeys
from api.log import leaves
from api.trail import chain
from api.trail.chain import TrailBroken
from core import clock
from provenance.records import canonical
from provenance.records.checkpoint import verify_tlog_proof
from provenance.records.log import SALT_BYTES, LogEntry, commit

_ROOTS = Table.metadata.tables["trail_roots"]
TYPE = "trail.head"


@dataclass(frozen=True)
class Root:
    """An entry of the log that commits to a head.

    Attributes:
        payload: what it commits to, opened by `salt`.
    """

    leaf_index: int
    seq: int
    hash: bytes
    salt: bytes
    payload: bytes

    @classmethod
    def of(cls, row: Row[Any]) -> "Root":
        """As it is stored."""
        head = bytes(row.hash)
        return cls(row.leaf_index, row.seq, head, bytes(row.salt), payload(row.tenant, row.seq, head))


def root(keys: SigningKeys) -> int:
    """Commit to every head that has moved since; returns how many there were.

    Raises:
        KeyFileError: this machine does not hold the log's key.
    """
    with database.reading(keys.published.log.engine) as connection:
        if not _moved(connection):
            return 0
    keyid = keys.signer("log").keyid
    with keys.appending() as connection:
        moved = _moved(connection)
        for tenant, (seq, head) in moved.items():
            salt = secrets.token_bytes(SALT_BYTES)
            entry = LogEntry(TYPE, secrets.token_hex(8), 1, commit(salt, payload(tenant, seq, head)), keyid)
            row = {"tenant": tenant, "seq": seq, "hash": head, "salt": salt, "created_at": clock.now()}
            row["leaf_index"] = leaves.append(connection, entry, tenant)
            connection.execute(insert(_ROOTS).values(**row))
    return len(moved)


def _moved(connection: Connection) -> dict[str, tuple[int, bytes]]:
    """Heads to which the log does not commit yet."""
    rooted = select(_ROOTS.c.tenant, func.max(_ROOTS.c.seq).label("seq")).group_by(_ROOTS.c.tenant)
    known = {row.tenant: row.seq for row in connection.execute(rooted)}
    return {one: (seq, at) for one, (seq, at) in chain.heads(connection).items() if seq > known.get(one, 0)}


def roots(connection: Connection, tenant: str) -> list[Root]:
    """The log's entries that commit to a tenant's chain, in order."""
    query = select(_ROOTS).where(_ROOTS.c.tenant == tenant).order_by(_ROOTS.c.seq)
    return [Root.of(row) for row in connection.execute(query)]


def checked(keys: SigningKeys, one: Root) -> str:
    """The proof that the log holds a root, under its signed checkpoint.

    Raises:
        TrailBroken: the log's entry commits to something else.
        ProofError, SignatureError: the log does not hold together.
    """
    log = keys.published.log
    data = log.entry(one.leaf_index)
    entry = LogEntry.from_bytes(data)
    if entry.type != TYPE or entry.commitment != commit(one.salt, one.payload):
        raise TrailBroken(f"entry {one.leaf_index} of the log does not commit to link {one.seq}")
    proof = log.proof_file(one.leaf_index)
    verify_tlog_proof(proof, data, log.keys)
    return proof


def payload(tenant: str, seq: int, head: bytes) -> bytes:
    """What an entry of the log commits to."""
    return canonical.encode({"tenant": tenant, "seq": seq, "hash": head.hex()}, TrailBroken)
