"""Hand shares of a right from one party to another, as the next revision of a record."""

import dataclasses
from collections.abc import Iterable

from core.errors import RecordError
from provenance.records import shape_checks
from provenance.records.lifecycle import amend
from provenance.records.record import OwnershipRecord
from provenance.records.rights import Party, RightShare


def transfer(
    record: OwnershipRecord,
    *,
    right: str,
    to: Party,
    giver: str | None = None,
    share_ppm: int | None = None,
    effective: str | None = None,
    source_doc_sha256: str | None = None,
    issued_at: str,
) -> OwnershipRecord:
    """Make the revision in which `to` holds what `giver` held.

    Args:
        record: the newest revision.
        right: `master`, `publishing`, `performance` or `neighbouring`.
        to: who receives. A party of the record that has the same `ref` must be the same party.
        giver: name or ref of who gives; None where one party alone holds the right.
        share_ppm: how many millionths of the whole are given, in every territory of the giver's; None for
            all that the giver holds.
        effective: time from which the new share counts. The giver's row then ends at that time instead of
            disappearing; None means that the revision itself is the change.
        source_doc_sha256: hash of the contract.
        issued_at: time of the revision.

    Raises:
        RecordError: nobody holds the right, several do and none was named, the giver holds less than is
            given, or `effective` lies outside a share's period.
    """
    held = [row for row in record.rights if row.right == right]
    ref = _giver(record, held, right, giver)
    if to.ref == ref:
        raise RecordError("the giver and the receiver are the same party")
    kept = [row for row in record.rights if row.right != right or row.party != ref]
    for row in held:
        if row.party == ref:
            kept.extend(_divide(row, to.ref, share_ppm, effective, source_doc_sha256))
    return amend(record, issued_at=issued_at, rights=tuple(_merged(kept)), parties=_with(record.parties, to))


def party_for(record: OwnershipRecord, name: str, kind: str = "org") -> Party:
    """The record's party of that name, or a new one with a free ref."""
    known = next((party for party in record.parties if party.name == name), None)
    if known is not None:
        return known
    refs = {party.ref for party in record.parties}
    number = next(n for n in range(1, len(refs) + 2) if f"party-{n}" not in refs)
    return Party(f"party-{number}", name, kind)


def _giver(record: OwnershipRecord, held: Iterable[RightShare], right: str, giver: str | None) -> str:
    holders = list(dict.fromkeys(row.party for row in held))
    if not holders:
        raise RecordError(f"nobody holds the {right} right in this record")
    if giver is None:
        if len(holders) > 1:
            raise RecordError(f"{len(holders)} parties share the {right} right; name the one that gives")
        return holders[0]
    refs = [
        party.ref for party in record.parties if giver in (party.ref, party.name) and party.ref in holders
    ]
    if len(refs) != 1:
        raise RecordError(f"{giver!r} does not name one holder of the {right} right")
    return refs[0]


def _divide(
    row: RightShare, to: str, share_ppm: int | None, effective: str | None, document: str | None
) -> list[RightShare]:
    """What one row of the giver becomes: what is left of it, and what is received."""
    given = row.share_ppm if share_ppm is None else share_ppm
    if given > row.share_ppm:
        raise RecordError(f"{given} millionths are given, but only {row.share_ppm} are held")
    rows = []
    start = row.valid_from
    if effective is not None:
        if not _inside(effective, row):
            raise RecordError(f"{effective} is outside the period of a share that is transferred")
        rows.append(dataclasses.replace(row, valid_to=effective))
        start = effective
    if given < row.share_ppm:
        rows.append(dataclasses.replace(row, share_ppm=row.share_ppm - given, valid_from=start))
    rows.append(
        dataclasses.replace(
            row,
            party=to,
            share_ppm=given,
            valid_from=start,
            source_doc_sha256=document or row.source_doc_sha256,
        )
    )
    return rows


def _inside(effective: str, row: RightShare) -> bool:
    time = shape_checks.parse_time(effective, "effective")
    after = row.valid_from is None or shape_checks.parse_time(row.valid_from, "valid_from") < time
    before = row.valid_to is None or time < shape_checks.parse_time(row.valid_to, "valid_to")
    return after and before


def _merged(rows: Iterable[RightShare]) -> list[RightShare]:
    """Add up rows that differ in their share only, so that giving in two steps is giving in one."""
    sums: dict[RightShare, int] = {}
    for row in rows:
        alike = dataclasses.replace(row, share_ppm=1)
        sums[alike] = sums.get(alike, 0) + row.share_ppm
    return [dataclasses.replace(row, share_ppm=total) for row, total in sums.items()]


def _with(parties: tuple[Party, ...], to: Party) -> tuple[Party, ...]:
    known = next((party for party in parties if party.ref == to.ref), None)
    if known is None:
        return (*parties, to)
    if known != to:
        raise RecordError(f"the record already has another party {to.ref!r}")
    return parties
