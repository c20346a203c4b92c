"""The sorted copy: what is found does not depend on it, whatever becomes of it; owners never meet."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import Engine, create_engine, event, func, select, update

from core.errors import RegistryError
from provenance.fingerprint import (
    Copies,
    Fingerprint,
    MappedIndex,
    Match,
    SqlIndex,
    copies,
    extract,
    fingerprint_metadata,
    mapped,
    recent,
    triplets,
)
from provenance.fingerprint import search as searching
from provenance.fingerprint.postings import IntArray
from provenance.fingerprint.sql import track_table, unpacked_hashes
from tests.provenance.fingerprint.filed import MINE, RATE, THEIRS, NoSql, copied, held, record_id


def without_p(match: Match) -> Match:
    return replace(match, p_value=0.0, stretches=tuple(replace(p, p_value=0.0) for p in match.stretches))


def test_a_copy_answers_like_sql(
    engine: Engine, folder: Path, songs: list[Fingerprint], asked: list[Fingerprint]
) -> None:
    sql = SqlIndex(engine, MINE)
    for number, fingerprint in enumerate(songs[:3]):
        sql.add(record_id(number), fingerprint)
    expected = [sql.query(query) for query in asked]
    assert [matches[0].record_id for matches in expected[:3]] == [record_id(n) for n in range(3)]
    assert expected[3] == []
    index = MappedIndex(engine, folder, MINE)
    assert [index.query(query) for query in asked] == expected  # nothing was copied yet
    assert Copies(engine, folder).build()
    index._sql = NoSql(engine, MINE)
    assert [index.query(query) for query in asked] == expected


def test_tracks_since_the_copy_are_found_and_removed_ones_are_not(
    engine: Engine, folder: Path, songs: list[Fingerprint], asked: list[Fingerprint]
) -> None:
    sql, index = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE)
    for number in (0, 1, 3):
        sql.add(record_id(number), songs[number])
    assert Copies(engine, folder).build()
    sql.add(record_id(2), songs[2])
    sql.remove(record_id(0))
    assert [[m.record_id for m in index.query(query)[:1]] for query in asked] == [
        [],
        [record_id(1)],
        [record_id(2)],
        [record_id(3)],
    ]
    for query in asked:  # p-values count what was removed until the next copy
        assert [without_p(m) for m in index.query(query)] == [without_p(m) for m in sql.query(query)]
    sql.remove(record_id(2))
    assert index.query(asked[2]) == []
    sql.add("f" * 16, songs[0])  # the same audio under another record, after the copy
    assert [m.record_id for m in index.query(asked[0])] == ["f" * 16]


@pytest.mark.parametrize("disturbed", [True, False])
def test_nobody_elses_tracks_crowd_out_ones_own(
    engine: Engine,
    folder: Path,
    songs: list[Fingerprint],
    asked: list[Fingerprint],
    monkeypatch: pytest.MonkeyPatch,
    disturbed: bool,
) -> None:
    """Another owner files the same track a hundred times, and a look-up reads no more than it must.

    Without the disturbance of keys the look-ups would be full of the other's postings and be given up.
    """
    mine, theirs, times = SqlIndex(engine, MINE), SqlIndex(engine, THEIRS), 100
    mine.add(record_id(0), songs[0])
    alone = mine.query(asked[0])
    for number in range(times):
        theirs.add(record_id(100 + number), songs[0])
    assert mine.query(asked[0]) == alone
    if not disturbed:
        monkeypatch.setattr(copies, "disturbance", lambda _owner: 0)
    assert Copies(engine, folder).build()
    probes = len(np.unique(triplets.probes(triplets.values(asked[0].hashes)).key))
    postings = (times + 1) * songs[0].filed
    budget = round(1.2 * probes * postings / (1 << mapped.slot_bits(postings)))
    monkeypatch.setattr(searching, "BUDGET", budget)
    found = MappedIndex(engine, folder, MINE).query(asked[0])
    assert (found == alone) == disturbed
    assert MappedIndex(engine, folder, "nobody").query(asked[0]) == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda copy: (copy / "postings.npy").unlink(), id="postings gone"),
        pytest.param(lambda copy: (copy / "postings.npy").write_bytes(b""), id="postings empty"),
        pytest.param(lambda copy: np.save(copy / "postings.npy", np.zeros(3, np.uint64)), id="shortened"),
        pytest.param(lambda copy: (copy / "starts.npy").write_bytes(b"rubbish"), id="no array"),
        pytest.param(lambda copy: (copy / "about.json").write_text("{"), id="about cut off"),
        pytest.param(lambda copy: (copy / "about.json").write_text('{"version": 0}'), id="other version"),
        pytest.param(lambda copy: (copy / "about.json").unlink(), id="about gone"),
        pytest.param(lambda copy: scramble(copy / "starts.npy"), id="starts out of order"),
    ],
)
def test_a_damaged_copy_is_passed_over_and_made_again(
    engine: Engine,
    folder: Path,
    songs: list[Fingerprint],
    asked: list[Fingerprint],
    damage: Callable[[Path], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copies, "LEAST_NEWER", 0)
    sql, index, kept = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE), Copies(engine, folder)
    sql.add(record_id(1), songs[1])
    assert kept.refresh()
    (name,) = copied(folder)
    damage(folder / name)
    assert [match.record_id for match in index.query(asked[1])] == [record_id(1)]
    assert kept.refresh()
    assert not kept.refresh()
    index._sql = NoSql(engine, MINE)
    assert [match.record_id for match in index.query(asked[1])] == [record_id(1)]


def scramble(path: Path) -> None:
    """Slots that begin behind their end, the last one as it was."""
    starts = np.load(path)
    starts[:-1] = starts[-1] + 1 + np.arange(len(starts) - 1)[::-1] % 7
    np.save(path, starts)


def test_a_copy_of_another_database_is_not_believed(
    engine: Engine, folder: Path, tmp_path: Path, songs: list[Fingerprint], asked: list[Fingerprint]
) -> None:
    """After a backup is restored, the same numbers are given to other tracks."""
    SqlIndex(engine, MINE).add(record_id(0), songs[0])
    assert Copies(engine, folder).build()
    restored = create_engine(f"sqlite:///{tmp_path / 'restored.db'}")
    fingerprint_metadata.create_all(restored)
    SqlIndex(restored, MINE).add(record_id(1), songs[1])
    index = MappedIndex(restored, folder, MINE)
    assert index.query(asked[0]) == []
    assert [match.record_id for match in index.query(asked[1])] == [record_id(1)]
    restored.dispose()


def test_copies_are_made_of_what_is_new_and_merged_as_they_grow(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "LEAST_NEWER", 2)
    monkeypatch.setattr(copies, "LEAST_GONE", 3)
    sql, kept, silence = SqlIndex(engine), Copies(engine, folder), extract(torch.zeros(1, RATE), RATE)
    written = []
    for number in range(60):
        sql.add(record_id(number), silence)
        if kept.refresh():
            written.append(held(engine, folder))
            assert len(copied(folder)) == len(written[-1])
    # Three came each time; a copy that is no more than four times as large is merged with them.
    assert written[:8] == [[3], [6], [9], [12], [15], [15, 3], [21], [21, 3]]
    assert len(written) == 20
    assert max(map(len, written)) == 2
    copied_in_all = sum(sizes[-1] for sizes in written)
    assert copied_in_all < 60 * 6, "each time anew it would be 630"
    for number in range(6):  # a tenth: what went counts, too
        assert not kept.refresh()
        sql.remove(record_id(number))
    assert not kept.refresh()
    sql.remove(record_id(6))
    assert kept.refresh()
    assert held(engine, folder) == [53]
    assert not kept.refresh()


def test_new_tracks_are_found_at_once_without_sql_and_read_once(
    engine: Engine,
    folder: Path,
    songs: list[Fingerprint],
    asked: list[Fingerprint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a query costs does not depend on whether tracks are newer than the copy."""
    read: list[int] = []

    def unpacked(filed: bytes) -> tuple[IntArray, IntArray]:
        read.append(len(filed))
        return unpacked_hashes(filed)

    monkeypatch.setattr(recent, "unpacked_hashes", unpacked)
    sql, index = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE)
    index._sql = NoSql(engine, MINE)
    sql.add(record_id(0), songs[0])
    assert Copies(engine, folder).build()
    for number in (1, 2, 3):
        assert index.query(asked[number]) == []
        sql.add(record_id(number), songs[number])
        for query in (number, 0, number):
            assert [match.record_id for match in index.query(asked[query])] == [record_id(query)]
        assert len(read) == number, "each was read once"
    assert len(index._recent._runs) <= 2
    assert Copies(engine, folder).build()
    assert [index.query(query)[0].record_id for query in asked] == [record_id(n) for n in range(4)]
    assert index._recent._runs == [], "the copy has them"
    assert len(read) == 3


def test_a_query_asks_no_more_of_each_copy_however_many_tracks_are_new(
    engine: Engine, folder: Path, songs: list[Fingerprint], asked: list[Fingerprint]
) -> None:
    """Steps are counted: keys that are looked up, and statements."""
    sql, index = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE)
    sql.add(record_id(0), songs[0])
    assert Copies(engine, folder).build()
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    index.query(asked[0])
    before = len(statements)
    for number in range(1, 40):
        sql.add(record_id(number), songs[1 + number % 3])
    index.query(asked[0])
    statements.clear()
    index.query(asked[0])
    assert len(statements) == before + 1, "whether the newest track is still that one"
    assert not [text for text in statements if "fingerprint_hash" in text]
    assert len(index._recent._runs) <= 3


def test_more_new_tracks_than_memory_may_hold_are_found_through_sql(
    engine: Engine,
    folder: Path,
    songs: list[Fingerprint],
    asked: list[Fingerprint],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recent, "MOST_TRACKS", 2)
    sql, index = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE)
    for number, song in enumerate(songs):
        sql.add(record_id(number), song)
    for number, query in enumerate(asked):
        assert index.query(query) == sql.query(query)
        assert index.query(query)[0].record_id == record_id(number)
    assert sum(len(run.key) for run in index._recent._runs) <= songs[0].filed + songs[1].filed


@pytest.mark.parametrize("build", [False, True])
def test_tracks_of_an_earlier_release_have_rows_only(
    engine: Engine, folder: Path, songs: list[Fingerprint], asked: list[Fingerprint], build: bool
) -> None:
    sql = SqlIndex(engine, MINE)
    for number in (0, 1):
        sql.add(record_id(number), songs[number])
    with engine.begin() as connection:
        connection.execute(update(track_table).where(track_table.c.id == 1).values(filed=None))
    assert not build or Copies(engine, folder).build()
    index = MappedIndex(engine, folder, MINE)
    for query in asked:
        assert index.query(query) == sql.query(query)
    assert index.query(asked[0])[0].record_id == record_id(0)


def test_a_number_that_a_restored_database_gives_again_is_read_again(
    engine: Engine, folder: Path, songs: list[Fingerprint], asked: list[Fingerprint]
) -> None:
    sql, index = SqlIndex(engine, MINE), MappedIndex(engine, folder, MINE)
    sql.add(record_id(0), songs[0])
    assert index.query(asked[0])
    sql.remove(record_id(0))
    sql.add(record_id(1), songs[1])
    with engine.begin() as connection:
        connection.execute(update(track_table).values(id=1))
    assert index.query(asked[0]) == []
    assert [match.record_id for match in index.query(asked[1])] == [record_id(1)]


def test_one_process_at_a_time_makes_a_copy_and_may_be_stopped(
    engine: Engine, folder: Path, songs: list[Fingerprint]
) -> None:
    kept = Copies(engine, folder)
    assert not kept.build()  # there is nothing
    SqlIndex(engine).add(record_id(0), songs[0])
    assert not kept.build(stopped=lambda: True)
    assert copied(folder) == []
    with copies._alone(folder / "lock") as alone:
        assert alone
        assert not kept.build()
    (folder / ".building").mkdir()
    (folder / ".building" / "postings.npy.part").write_bytes(b"left behind by a killed process")
    assert kept.build()
    (name,) = copied(folder)
    assert sorted(path.name for path in (folder / name).iterdir()) == [
        "about.json",
        "postings.npy",
        "starts.npy",
    ]


def test_an_open_copy_outlives_its_successor(
    engine: Engine, folder: Path, songs: list[Fingerprint], asked: list[Fingerprint]
) -> None:
    SqlIndex(engine).add(record_id(0), songs[0])
    kept = Copies(engine, folder)
    assert kept.build()
    with engine.connect() as connection:
        (old,) = kept.chain(connection)
        assert kept.build()
        assert not old.folder.exists()
        keys = np.unique(triplets.keys(triplets.values(songs[0].reference().hashes)))
        assert len(old.owned("").lookup(keys).track) > 0
        (newest,) = kept.chain(connection)
        assert newest.folder != old.folder


def test_a_missing_file_format_is_told(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="build"):
        mapped.SortedPostings.open(tmp_path)


def test_owners_are_filed_with_their_tracks(engine: Engine, songs: list[Fingerprint]) -> None:
    SqlIndex(engine, MINE).add(record_id(0), songs[0])
    SqlIndex(engine, THEIRS).add(record_id(1), songs[1])
    with engine.connect() as connection:
        query = select(track_table.c.owner, func.count()).group_by(track_table.c.owner)
        owned = sorted(tuple(row) for row in connection.execute(query))
    assert owned == [(MINE, 1), (THEIRS, 1)]
