"""Signing keys and what became of them as rows of the database, inside an open transaction."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from api.database.tables import DEFAULT_TENANT, Table
from api.keys.files import Purpose
from api.log import leaves, tree
from core import clock
from provenance.records.envelope import Envelope
from provenance.records.keyevents import entry_of
from provenance.records.keys import Signer
from provenance.records.log import SALT_BYTES

_KEYS = Table.metadata.tables["signing_keys"]
_EVENTS = Table.metadata.tables["key_events"]
_LEAVES = Table.metadata.tables["log_leaves"]


def find(connection: Connection, keyid: str, purpose: Purpose) -> Row[Any] | None:
    """The row of a key for a purpose, if there is one."""
    return connection.execute(
        select(_KEYS).where(_KEYS.c.keyid == keyid, _KEYS.c.purpose == purpose)
    ).one_or_none()


def enter(connection: Connection, signer: Signer, purpose: Purpose) -> None:
    """Publish a key, unless it is published already."""
    if find(connection, signer.keyid, purpose) is None:
        connection.execute(
            insert(_KEYS).values(
                keyid=signer.keyid,
                purpose=purpose,
                algorithm=signer.algorithm,
                public_pem=signer.public_key.pem.decode(),
                created_at=clock.now(),
            )
        )


def change(connection: Connection, keyid: str, purpose: Purpose, **values: Any) -> None:
    """Write to the row of a key."""
    connection.execute(
        update(_KEYS).where(_KEYS.c.keyid == keyid, _KEYS.c.purpose == purpose).values(**values)
    )


def log_event(connection: Connection, envelope: Envelope, moment: datetime) -> int:
    """Enter a key event in the log; it names nobody, so its salt is published with it."""
    salt = secrets.token_bytes(SALT_BYTES)
    leaf_index = leaves.append(connection, entry_of(envelope, salt), DEFAULT_TENANT)
    values = {"leaf_index": leaf_index, "envelope": envelope.to_json().decode(), "salt": salt}
    connection.execute(insert(_EVENTS).values(**values, created_at=moment))
    return leaf_index


def size_at(connection: Connection, moment: datetime) -> int:
    """How many entries the log had at a moment, by our own clock."""
    later = select(func.min(_LEAVES.c.leaf_index)).where(_LEAVES.c.created_at >= moment)
    first = connection.execute(later).scalar_one()
    if first is not None:
        return int(first)
    return tree.size_of(connection)
