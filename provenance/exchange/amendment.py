"""Amend a record by a JSON Merge Patch (RFC 7396): only what changes is said, null takes a field away."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from core.errors import RecordError
from provenance.records import fields
from provenance.records.lifecycle import amend
from provenance.records.record import OwnershipRecord

FIXED = frozenset({"schema", "record_id", "revision", "supersedes", "issued_at", "marks"})
FIXED_IN_ASSET = frozenset(
    {"sha256_pcm", "duration_ms", "sample_rate", "channels", "container", "fingerprints"}
)
"""What makes the record this recording's: changing it would be a record of another recording."""


def patched(record: OwnershipRecord, patch: Mapping[str, Any], *, issued_at: str) -> OwnershipRecord:
    """Make the next revision of a record by a merge patch of its JSON.

    Lists are replaced as a whole (RFC 7396 §2), so a patch of `rights` names every row.

    Raises:
        RecordError: the patch is empty, touches what cannot change, or leads to an invalid record.
    """
    asset = patch.get("asset")
    touched = set(patch) & FIXED
    touched |= {f"asset.{name}" for name in FIXED_IN_ASSET & set(asset if isinstance(asset, Mapping) else ())}
    if touched:
        raise RecordError(f"an amendment cannot change {', '.join(sorted(touched))}; register another record")
    unknown = set(patch) - {field.name for field in dataclasses.fields(OwnershipRecord)}
    if unknown:  # a name that is only taken away would not be missed
        raise RecordError(f"a record has no {', '.join(map(repr, sorted(unknown)))}")
    wanted = fields.from_json(OwnershipRecord, merge(fields.to_json(record), patch), "record")
    changes = {name: getattr(wanted, name) for name in patch}
    if all(getattr(record, name) == value for name, value in changes.items()):
        raise RecordError("the amendment changes nothing")
    return amend(record, issued_at=issued_at, **changes)


def merge(target: Any, patch: Any) -> Any:
    """Apply a merge patch: the function MergePatch of RFC 7396 §2.

    >>> merge({"a": "b", "c": {"d": "e", "f": "g"}}, {"a": "z", "c": {"f": None}})
    {'a': 'z', 'c': {'d': 'e'}}
    """
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result
