"""Catalogues: what is written comes back, and every bad row is told with every reason."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.exchange.catalogue import Catalogue, CatalogueError, read_catalogue, write_report
from provenance.exchange.table import COLUMNS, FACTS, guarded, unguarded, write_table
from provenance.records.involvement import AiInvolvement, RoleInvolvement
from provenance.records.rights import Contribution, Party, RightShare
from tests.provenance.records.samples import full, small

GOOD = "file,title,owner\na.wav,Song,A Label\n"


def read(text: str, **options: Any) -> Catalogue:
    return read_catalogue(text.encode(), **options)


def reasons(text: str) -> set[tuple[int, str]]:
    found = read(text)
    assert not found.entries
    return {(item.line, item.column) for item in found.rejected}


def test_a_row_becomes_a_draft() -> None:
    (entry,) = read(GOOD, issuer="Distributor").entries
    assert (entry.line, entry.file) == (2, "a.wav")
    assert entry.draft.asset.title == "Song"
    assert entry.draft.issuer.name == "Distributor"
    assert entry.draft.ai_involvement.overall == "Undeclared"
    assert [(r.right, r.share_ppm, r.territories) for r in entry.draft.rights] == [
        ("master", 1_000_000, ("WORLD",))
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_what_spreadsheets_write_is_read(delimiter: str, start: str) -> None:
    text = start + "File,Title,Owner\r\n\r\na.wav,Song,A Label\r\n".replace(",", delimiter)
    assert [entry.line for entry in read(text).entries] == [3]


def test_full_rows_keep_their_meaning_through_export_and_import() -> None:
    record = small(
        asset=full().asset,
        parties=(
            Party("x", "A Label", "org"),
            Party("y", "Ada Example", "person"),
        ),
        rights=(
            RightShare("master", "x", 666_667, ("DE", "AT")),
            RightShare("master", "y", 333_333, ("DE", "AT")),
            RightShare("publishing", "y", 1_000_000, valid_from="2026-01-01T00:00:00Z"),
        ),
        contributions=(Contribution("y", "MainArtist"),),
        ai_involvement=AiInvolvement("Partly", lyrics=RoleInvolvement("All", "declared")),
        generation=full().generation,
    )
    text = write_table([(record, "asserted")]).replace("\r\n,", "\r\nsong.flac,")
    found = read(text)
    assert (found.rejected, found.ignored_columns) == ((), ())
    draft = found.entries[0].draft
    for name in ("title", "version_title", "isrc", "iswc", "upc", "grid"):
        assert getattr(draft.asset, name) == getattr(record.asset, name)
    assert draft.ai_involvement == record.ai_involvement
    names = {party.ref: party.name for party in draft.parties}
    assert [(names[r.party], r.right, r.share_ppm, r.territories, r.valid_from) for r in draft.rights] == [
        ("A Label", "master", 666_667, ("DE", "AT"), None),
        ("Ada Example", "master", 333_333, ("DE", "AT"), None),
        ("Ada Example", "publishing", 1_000_000, ("WORLD",), "2026-01-01T00:00:00Z"),
    ]
    assert [names[c.party] for c in draft.contributions] == ["Ada Example"]
    assert draft.generation is not None and draft.generation.system == "MusicGen"


def test_every_reason_of_a_row_is_told() -> None:
    text = (
        "file,title,owner,isrc,iswc,upc,grid,ai,ai_vocals\n"
        "../etc/passwd,,,USRC1760783,T0345246800,1,A1,maybe,loud\n"
    )
    columns = {"file", "title", "owner", "isrc", "iswc", "upc", "grid", "ai", "ai_vocals"}
    assert reasons(text) == {(2, column) for column in columns}


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("master: A = 50%", "sum to 500000"),
        ("master: A = 60%; master: B = 60%", "sum to 1200000"),
        ("master: A = 33.33333%; master: B = 66.66667%", "finer than a millionth"),
        ("master: A = 1.2.3%", "no percentage"),
        ("master A 100", "not of the form"),
        ("mechanical: A = 100%", "right"),
        ("master: A = 100% in Germany", "not of the form"),
        ("master: A = 0%", "share_ppm"),
    ],
)
def test_shares_that_do_not_hold_are_refused(cell: str, why: str) -> None:
    found = read(f"file,title,rights\na.wav,Song,{cell}\n")
    assert [item.column for item in found.rejected] == ["rights"]
    assert why in found.rejected[0].reason


@pytest.mark.parametrize(
    "name", ["/abs.wav", "..\\x.wav", "C:\\x.wav", "\\\\host\\x.wav", "a/../../b.wav", "", "a\0b"]
)
def test_a_file_outside_the_folder_is_refused(name: str) -> None:
    assert reasons(f"file,title,owner\n{name},Song,A\n") == {(2, "file")}


def test_what_is_named_twice_is_imported_once() -> None:
    text = "file,title,owner,isrc\na.wav,S,A,US-RC1-76-07839\nb.wav,S,A,usrc17607839\na.wav,T,A,\n"
    found = read(text)
    assert [entry.line for entry in found.entries] == [2]
    assert [(i.line, i.column) for i in found.rejected] == [(3, "isrc"), (4, "file")]
    assert "line 2" in found.rejected[0].reason


def test_surplus_cells_and_unknown_columns_are_told() -> None:
    assert reasons("file,title,owner\na.wav,Song,A,more\n") == {(2, "")}
    assert read("file,title,owner,mood\na.wav,Song,A,sad\n").ignored_columns == ("mood",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfef\0i\0",
        b"title,owner\nx,y\n",
        b"file,title\nx,y\n",
        b"file,title,owner,title\n",
        b"file,,title,owner\n",
        b'file,title,owner\n"a.wav,Song,A\n',
        b'file,title,owner\n"a"b,Song,A\n',
    ],
)
def test_a_table_that_is_none_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(CatalogueError):
        read_catalogue(data)


def test_the_report_is_a_table_that_no_spreadsheet_runs() -> None:
    found = read("file,title,owner,isrc\na.wav,S,A,=HYPERLINK(1)\n")
    rows = list(csv.reader(io.StringIO(write_report(found.rejected))))
    assert rows[0] == ["line", "column", "value", "reason"]
    assert rows[1][:3] == ["2", "isrc", "'=HYPERLINK(1)"]


@given(st.text())
def test_guarding_a_cell_loses_nothing(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert guarded(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r")


@given(st.binary(max_size=300))
def test_any_bytes_give_a_catalogue_or_a_catalogue_error(data: bytes) -> None:
    try:
        found = read_catalogue(b"file,title,owner,rights,ai\n" + data)
    except CatalogueError:
        return
    lines = [entry.line for entry in found.entries]
    assert not set(lines) & {item.line for item in found.rejected}


def test_the_export_has_every_column_for_every_record() -> None:
    rows = list(csv.reader(io.StringIO(write_table([(small(), "asserted"), (full(), "disputed")]))))
    assert rows[0] == [*COLUMNS, *FACTS]
    assert {len(row) for row in rows} == {len(COLUMNS) + len(FACTS)}
    assert [row[rows[0].index("status")] for row in rows[1:]] == ["asserted", "disputed"]
