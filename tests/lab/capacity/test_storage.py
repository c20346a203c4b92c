"""What is stored is counted for what holds it."""

from pathlib import Path

from api.registry.registry import Registry
from api.settings import Settings
from lab.capacity.storage import LOG, PRINTS, registered, tables
from provenance.fingerprint import extract
from tests.signals import music

RATE = 16_000


def test_a_track_is_counted_by_the_tables_that_hold_it(tmp_path: Path) -> None:
    registry = Registry.open(Settings(home=tmp_path))
    names = tables(registry.engine).keys()
    assert set(LOG) | set(PRINTS) <= names
    grown = registered(registry, extract(music(20.0, RATE, 1), RATE), 40)
    after = tables(registry.engine)
    registry.close()
    large = {name for name in after if name.startswith("fingerprint") and after[name] > 20 * 4096}
    assert large and large <= set(PRINTS), "the hashes of the index are its own"
    assert grown["fingerprint"] > grown["record"] > 0 and grown["log"] > 0
