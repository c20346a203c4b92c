"""Records as a table (CSV, RFC 4180): a row for each record, in the columns that a catalogue import reads."""

import csv
import io
from collections.abc import Iterable

from provenance.exchange.ddex import percentage
from provenance.records.record import OwnershipRecord
from provenance.records.rights import WORLD, RightShare

ROLES = ("vocals", "instrumentation", "composition", "lyrics", "post_production")
COLUMNS = (
    "file",
    "title",
    "version_title",
    "artist",
    "owner",
    "rights",
    "isrc",
    "iswc",
    "upc",
    "grid",
    "ai",
    *(f"ai_{role}" for role in ROLES),
    "generator",
)
"""What people fill in; `file` is empty in an export, because a record does not know where its files lie."""

FACTS = (
    "record_id",
    "revision",
    "status",
    "issuer",
    "issued_at",
    "duration_ms",
    "sample_rate",
    "channels",
    "sha256_pcm",
    "record_sha256",
)
"""What the registry adds; an import ignores these columns."""


def write_table(records: Iterable[tuple[OwnershipRecord, str]]) -> str:
    """Write records, each with its status, as CSV with a header line.

    Cells that a spreadsheet would run as a formula are written with an apostrophe before them (CWE-1236);
    the import takes it off again.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow((*COLUMNS, *FACTS))
    for record, status in records:
        writer.writerow([guarded(cell) for cell in row(record, status)])
    return text.getvalue()


def row(record: OwnershipRecord, status: str) -> list[str]:
    """The cells of one record."""
    asset, generation = record.asset, record.generation
    names = {party.ref: party.name for party in record.parties}
    artists = [names[c.party] for c in record.contributions if c.role == "MainArtist"]
    masters = list(dict.fromkeys(names[share.party] for share in record.rights if share.right == "master"))
    roles = record.ai_involvement.roles()
    overall = record.ai_involvement.overall
    return [
        "",
        asset.title,
        asset.version_title or "",
        "; ".join(artists),
        masters[0] if masters else record.parties[0].name,
        "; ".join(_share(share, names[share.party]) for share in record.rights),
        asset.isrc or "",
        "; ".join(asset.iswc),
        asset.upc or "",
        asset.grid or "",
        "" if overall == "Undeclared" else overall.lower(),
        *("" if role not in roles else roles[role].level.lower() for role in ROLES),
        ""
        if generation is None
        else f"{generation.provider}/{generation.system} {generation.system_version}",
        record.record_id,
        str(record.revision),
        status,
        record.issuer.name,
        record.issued_at,
        str(asset.duration_ms),
        str(asset.sample_rate),
        str(asset.channels),
        asset.sha256_pcm,
        record.digest(),
    ]


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("'n Sync"), guarded("A Song")
    ("'=1+1", "''n Sync", 'A Song')
    """
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "'") else cell


def unguarded(cell: str) -> str:
    """Take off the apostrophe that `guarded` put on, and no other."""
    return cell[1:] if cell[:1] == "'" and guarded(cell[1:]) == cell else cell


def _share(share: RightShare, name: str) -> str:
    where = "" if share.territories == (WORLD,) else f" in {' '.join(share.territories)}"
    when = "".join(
        f" {word} {time}" for word, time in (("from", share.valid_from), ("to", share.valid_to)) if time
    )
    return f"{share.right}: {name} = {percentage(share.share_ppm)}%{where}{when}"
