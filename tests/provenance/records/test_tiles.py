"""Paths of tiles: C2SP tlog-tiles, "Merkle tree"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ProofError
from provenance.records.tiles import TILE_WIDTH, Tile


def test_the_standards_own_example() -> None:
    assert Tile(0, 1234067).path == "0/x001/x234/067"


@given(
    level=st.one_of(st.none(), st.integers(0, 4)),
    number=st.integers(0, 10**6),
    width=st.integers(1, TILE_WIDTH),
)
def test_a_path_that_was_written_is_read_back(level: int | None, number: int, width: int) -> None:
    tile = Tile(level, number, width)
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "6/000",
        "-1/000",
        "0/00",
        "0/x000/000",
        "0/0000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/" + "1" * 5000,
        "0" * 5000 + "/000",
        "0/x999/x999/x999/x999/x999/999",
        "entries/x999/x999/x999/x999/x999/x999/999",
        "5/x999/999",
        "entries/٠٠٠",
        "entries/000\n",
    ],
)
def test_what_is_no_tile_is_refused(path: str) -> None:
    with pytest.raises(ProofError):
        Tile.parse(path)
