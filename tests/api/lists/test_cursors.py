"""A cursor is good for the list that gave it out, and for nothing else."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from api import database
from api.lists.cursors import Cursors
from core.errors import InvalidInput

PLACE = ("2026-11-28T00:00:00+00:00", "one")


def test_a_cursor_comes_back_as_it_was_given_out() -> None:
    cursors = Cursors(b"secret")
    assert cursors.read(cursors.sign(PLACE, "mine"), "mine") == PLACE


def test_every_changed_byte_is_noticed() -> None:
    cursors = Cursors(b"secret")
    raw = base64.urlsafe_b64decode(cursors.sign(PLACE, "mine") + "==")
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(InvalidInput, match="start without one"):
            cursors.read(base64.urlsafe_b64encode(changed).decode(), "mine")


@pytest.mark.parametrize("cursor", ["", "a", "%%%", "é", "A" * 5000, "\ud800"])
def test_what_no_list_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        Cursors(b"secret").read(cursor, "mine")


def test_another_list_another_secret() -> None:
    cursor = Cursors(b"secret").sign(PLACE, "mine")
    for other, about in ((Cursors(b"secret"), "theirs"), (Cursors(b"other"), "mine")):
        with pytest.raises(InvalidInput):
            other.read(cursor, about)


def test_all_processes_share_the_secret(database_url: str) -> None:
    engine = database.connect(database_url)
    database.upgrade(engine)
    with ThreadPoolExecutor(4) as several:
        signed = {made.sign(PLACE, "") for made in several.map(lambda _: Cursors.of(engine), range(4))}
    engine.dispose()
    assert len(signed) == 1
