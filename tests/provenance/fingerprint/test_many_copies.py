"""Catalogues that are too large for one copy, by the limits of its format, lie in several."""

import errno
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update

from provenance.fingerprint import Copies, Fingerprint, MappedIndex, SqlIndex, copies, mapped
from provenance.fingerprint.sql import hash_table, track_table
from tests.provenance.fingerprint.filed import MINE, NoSql, copied, held, record_id


def test_a_catalogue_larger_than_a_copy_can_hold_lies_in_several(
    engine: Engine,
    folder: Path,
    songs: list[Fingerprint],
    asked: list[Fingerprint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is due for merging and would not fit stays as it is; nothing is tried again and again."""
    sizes = [len(song.reference().times) for song in songs]
    most = round(2.5 * max(sizes))
    for module in (copies, mapped):
        monkeypatch.setattr(module, "MOST_HASHES" if module is copies else "MOST_POSTINGS", most)
    monkeypatch.setattr(copies, "LEAST_NEWER", 0)
    sql, index, kept = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE), Copies(engine, folder)
    index._sql = NoSql(engine, MINE)
    for number in range(9):
        sql.add(record_id(number), songs[number % 4])
        assert kept.refresh() and not kept.refresh()
        with engine.connect() as connection:
            chain = kept.chain(connection)
            assert [copy.after for copy in chain] == [0, *(copy.last for copy in chain[:-1])]
            assert chain[-1].last == number + 1 and max(copy.hashes for copy in chain) <= most
        for query in range(min(4, number + 1)):
            assert index.query(asked[query]) == sql.query(asked[query])
    assert held(engine, folder) == [2, 2, 2, 2, 1], "each as full as it can be"
    assert len(copied(folder)) == 5
    assert kept.build()
    assert held(engine, folder) == [2, 2, 2, 2, 1]
    assert len(copied(folder)) == 5, "the former ones are gone"
    assert [match.record_id for match in index.query(asked[0])] == [record_id(n) for n in (0, 4, 8)]


def test_the_first_copies_of_a_large_catalogue_are_cut_and_one_track_is_never(
    engine: Engine,
    folder: Path,
    songs: list[Fingerprint],
    asked: list[Fingerprint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Earlier releases filed some of the tracks as rows only: they are counted there."""
    monkeypatch.setattr(copies, "MOST_HASHES", len(songs[0].reference().times) // 2)
    sql, kept = SqlIndex(engine, MINE), Copies(engine, folder)
    for number in range(4):
        sql.add(record_id(number), songs[number])
    with engine.begin() as connection:
        connection.execute(update(track_table).where(track_table.c.id == 2).values(filed=None))
    assert kept.build()
    assert held(engine, folder) == [1, 1, 1, 1]
    index = MappedIndex(engine, folder, MINE)
    index._sql = NoSql(engine, MINE)
    for query in asked:
        assert index.query(query) == sql.query(query)


def test_a_copy_counts_from_its_first_track_so_that_no_number_is_too_high(
    engine: Engine,
    folder: Path,
    songs: list[Fingerprint],
    asked: list[Fingerprint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """24 bits of a posting hold its track; numbers in the database rise for ever."""
    sql, index, kept = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE), Copies(engine, folder)
    index._sql = NoSql(engine, MINE)
    sql.add(record_id(0), songs[0])
    assert kept.build()
    for number in (1, 2):
        sql.add(record_id(number), songs[number])
        with engine.begin() as connection:
            far = number * mapped.MOST_TRACKS + 5
            newest = connection.execute(select(func.max(track_table.c.id))).scalar_one()
            connection.execute(update(track_table).where(track_table.c.id == newest).values(id=far))
            connection.execute(update(hash_table).where(hash_table.c.track_id == newest).values(track_id=far))
    monkeypatch.setattr(copies, "LEAST_NEWER", 0)
    assert kept.refresh()
    assert held(engine, folder) == [1, 1, 1], "not merged: together they would count too far"
    for query in asked:
        assert index.query(query) == sql.query(query)
    sql.add(record_id(3), songs[3])
    assert index.query(asked[3]) == sql.query(asked[3]) != []


def test_a_copy_that_fails_half_way_leaves_nothing_behind(
    engine: Engine, folder: Path, songs: list[Fingerprint], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_told: object) -> None:
        (folder / copies.BUILDING / "postings.npy").write_bytes(b"some")
        raise OSError(errno.ENOSPC, "no room")

    SqlIndex(engine, MINE).add(record_id(0), songs[0])
    monkeypatch.setattr(json, "dumps", full)
    with pytest.raises(OSError, match="no room"):
        Copies(engine, folder).build()
    assert copied(folder) == []
