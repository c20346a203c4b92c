"""A record's chain of custody in words: what each event changed, who said so, when, and by which key."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.language import _, named
from api.registry.history import StoredEvent, VerifiedHistory
from api.registry.summary import owners
from api.report.words.record import EVENTS, holding
from core import clock
from provenance.records import fields
from provenance.records.record import OwnershipRecord

_EVERY_REVISION = ("revision", "issued_at", "supersedes", "schema")
"""What changes with each revision and says nothing of its content."""
_SHARES = ("parties", "rights")
"""Told together as owners."""


@dataclass(frozen=True)
class Event:
    """One link of the chain.

    Attributes:
        name: what happened.
        who: the name that its signer gave; a signature proves the key, not the name.
        when: the time that the signer gave, in UTC.
        logged: when the log wrote it down, by its own clock, in UTC.
        entry: its entry in the log.
        keyid: key that signed it; None where several did, since some of them may not count.
        changes: what it changed, a sentence each.
        reason: why, in the words of who said it.
    """

    name: str
    who: str
    when: str
    logged: str
    entry: int
    keyid: str | None
    changes: tuple[str, ...] = ()
    reason: str | None = None


def custody(history: VerifiedHistory) -> tuple[Event, ...]:
    """Every event of a verified record, in the order of the log."""
    told, before = [], None
    for stored in history.events:
        content = stored.content()
        if isinstance(content, OwnershipRecord):
            changes = () if before is None else tuple(_changes(before, content))
            told.append(_event(stored, content.issuer.name, content.issued_at, changes))
            before = content
        else:
            told.append(_event(stored, content.issuer, content.issued_at, (), content.reason))
    return tuple(told)


def _event(
    stored: StoredEvent, who: str, when: str, changes: tuple[str, ...], reason: str | None = None
) -> Event:
    signatures = stored.envelope.signatures
    keyid = signatures[0].keyid if len(signatures) == 1 else None
    name = named(EVENTS, stored.type)
    logged = clock.utc_text(stored.created_at)
    return Event(name, who, when, logged, stored.leaf_index, keyid, changes, reason)


def _changes(before: OwnershipRecord, after: OwnershipRecord) -> Iterator[str]:
    """What differs between two revisions, by the record's own names."""
    if owned(before) != owned(after):
        yield _("owners: %(before)s → %(after)s", before=owned(before), after=owned(after))
    old, new = _flat(fields.to_json(before)), _flat(fields.to_json(after))
    for name in sorted(old.keys() | new.keys()):
        part = re.split(r"[.\[]", name)[0]
        if part not in (*_EVERY_REVISION, *_SHARES) and old.get(name) != new.get(name):
            yield f"{name}: {_value(old.get(name))} → {_value(new.get(name))}"


def owned(record: OwnershipRecord) -> str:
    """Who holds which right, where and how much of it, in one line."""
    return "; ".join(holding(row) for row in owners(record))


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Every leaf of a JSON value by its path."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= _flat(inner, f"{path}.{key}" if path else str(key))
        return found
    if isinstance(value, list):
        return {k: v for i, inner in enumerate(value) for k, v in _flat(inner, f"{path}[{i}]").items()}
    return {path: value}


def _value(value: Any) -> str:
    return _("nothing") if value is None else f"{value}"
