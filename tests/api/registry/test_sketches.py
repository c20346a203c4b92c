"""Sketches stay with their records, and what a process holds of them is what the database holds."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from api import database
from api.actor import Actor
from api.database.tables import Table
from api.errors import UnknownEntry
from api.registry import sketches as product
from api.registry.registry import Registry
from api.retention import holds
from api.settings import Settings
from core.clip import Clip, Source
from core.errors import InvalidInput
from detector.originality import DIMENSIONS, Sketch, nearest, shipped, sketch
from tests import signals
from tests.api.serving import register

RATE = 16_000


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


@cache
def heard(seed: int) -> Sketch:
    return sketch(signals.music(30.0, RATE, seed), RATE)


def filed(registry: Registry, seed: int) -> str:
    record = register(registry).record_id
    registry.sketches.keep(record, heard(seed))
    return record


def test_a_track_is_found_by_its_sketch(registry: Registry) -> None:
    assert registry.sketches.shelved().records == ()
    records = [filed(registry, seed) for seed in range(3)]
    there = registry.sketches.shelved()
    assert (there.records, there.left_out) == (tuple(records), 0)
    found = nearest(heard(1), there.shelf, shipped())
    told = {name: there.records[found[name][0].index] for name in DIMENSIONS if found[name]}
    assert told
    assert set(told.values()) == {records[1]}
    assert nearest(heard(1), there.shelf, shipped(), leave_out=[1])["timbre"][0].index != 1


def test_what_is_held_follows_the_database(registry: Registry) -> None:
    first, second = filed(registry, 0), filed(registry, 1)
    before = registry.sketches.shelved()
    assert registry.sketches.shelved().shelf.rows is before.shelf.rows  # nothing is read twice
    registry.sketches.keep(first, heard(2))
    third = filed(registry, 3)
    with database.writing(registry.engine) as connection:
        connection.execute(text("DELETE FROM records WHERE record_id = :it"), {"it": second})
    assert dict(before.shelf.take([0, 1])) == {}  # replaced and erased meanwhile
    now = registry.sketches.shelved()
    assert now.records == (first, third)
    for place, seed in enumerate((2, 3)):
        assert np.array_equal(now.shelf.rows[place]["mean"], heard(seed).mean)
        assert np.array_equal(now.shelf.take([place])[place].rows, heard(seed).rows)


def test_tenants_do_not_meet(registry: Registry) -> None:
    record, other = filed(registry, 0), registry.for_tenant("other")
    theirs = filed(other, 1)
    assert registry.sketches.shelved().records == (record,)
    assert other.sketches.shelved().records == (theirs,)
    for unknown in (record, "0" * 16):
        with pytest.raises(UnknownEntry):
            other.sketches.keep(unknown, heard(2))
    assert np.array_equal(registry.sketches.shelved().shelf.take([0])[0].rows, heard(0).rows)


def test_they_are_erased_on_request_and_what_a_legal_hold_keeps_is_not(registry: Registry) -> None:
    other = registry.for_tenant("other")
    first, second, third, theirs = *(filed(registry, seed) for seed in range(3)), filed(other, 3)
    placed = holds.Holds.of(registry.engine, registry.tenant)
    hold = placed.place("record", second, "a claim", Actor("Counsel"))
    before = registry.sketches.shelved()
    for unknown in (theirs, "0" * 16):
        with pytest.raises(UnknownEntry, match=unknown):
            registry.sketches.erase([first, unknown])
    assert registry.sketches.shelved().records == (first, second, third)
    assert registry.sketches.erase([first]) == product.Erased((first,), ())
    assert registry.sketches.erase() == product.Erased((third,), (second,))
    assert before.shelf.take([0, 2]) == {}
    assert registry.sketches.shelved().records == (second,)
    placed.release(hold.id, "settled", Actor("Counsel"))
    assert registry.sketches.erase() == product.Erased((second,), ())
    assert not registry.sketches.any()
    assert other.sketches.shelved().records == (theirs,)
    assert {first, second, third} == {one.record_id for one in registry.records.page()}, "records stay"


def test_what_is_held_is_bounded_and_says_so(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "MOST", 2)
    other = registry.for_tenant("other")
    records = [filed(registry, seed) for seed in range(3)]
    filed(other, 3)
    register(registry)  # has none
    there = registry.sketches.shelved()
    assert (there.records, there.left_out) == (tuple(records[1:]), 2)
    assert len(other.sketches.shelved().records) == 1
    assert registry.sketches.held.of(registry.tenant) == ((), None)  # it made room
    assert registry.sketches.shelved().records == there.records


def test_those_of_another_version_are_left_out_and_counted(registry: Registry) -> None:
    table = Table.metadata.tables["sketches"]
    former, cut, damaged = (filed(registry, seed) for seed in range(3))
    with database.writing(registry.engine) as connection:
        for record, change in ((former, {"format": 0}), (cut, {"whole": b"w"}), (damaged, {"parts": b"p"})):
            connection.execute(table.update().where(table.c.record_id == record).values(**change))
    there = registry.sketches.shelved()
    assert (there.records, there.left_out) == ((damaged,), 2)
    with pytest.raises(InvalidInput, match="make it again"):
        there.shelf.take([0])


SOUND = Clip(signals.music(3.0, RATE, 5), RATE, Source("song.wav", "ab" * 32, 1, "wav", "pcm_s16le"))


def test_a_finished_track_is_heard_where_the_settings_want_it(registry: Registry) -> None:
    record = register(registry).record_id
    registry.ledger().heard(record, SOUND)
    assert registry.sketches.shelved().records == ()  # unless set, nothing is kept
    assert not registry.sketches.any()
    settings = Settings(
        home=registry.home,
        database_url=registry.engine.url.render_as_string(hide_password=False),
        keep_sketches=True,
    )
    keeping = Registry.open(settings).for_tenant("other")
    theirs = register(keeping).record_id
    keeping.ledger().heard(theirs, SOUND)
    assert keeping.sketches.shelved().records == (theirs,)
    assert keeping.sketches.any()
    assert (registry.sketches.any(), registry.sketches.shelved().records) == (False, ())
    keeping.close()


def test_a_sketch_that_cannot_be_kept_undoes_no_registration(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    keeping = Registry(registry.engine, registry.home, keep_sketches=True)
    keeping.ledger().heard("0" * 16, SOUND)  # erased meanwhile
    assert "no sketch of record 0000000000000000 was kept" in caplog.text


def test_records_without_a_sketch_are_told(registry: Registry) -> None:
    kept, bare, former = filed(registry, 0), register(registry).record_id, filed(registry, 1)
    table = Table.metadata.tables["sketches"]
    with database.writing(registry.engine) as connection:
        connection.execute(table.update().where(table.c.record_id == former).values(format=0))
    assert registry.sketches.without([kept, bare, former]) == {bare, former}
    assert registry.for_tenant("other").sketches.without([kept]) == {kept}
