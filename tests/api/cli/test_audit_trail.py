"""`trackmark audit-trail`."""

from pathlib import Path

from api import database
from api.actor import Actor
from api.outbox.trail import Acting, Event, enter
from api.registry.registry import Registry
from api.settings import Settings
from tests.api.cli.conftest import Trackmark


def filled(home: Path) -> None:
    registry = Registry.open(Settings(home=home))
    registry.keys.enter()
    by = Acting(Actor("review desk"), "r")
    with database.writing(registry.engine) as connection:
        enter(connection, [Event("default", "asked", "POST /v1/cases", f"/{n}", by) for n in range(3)])
    (home / "keys.json").write_bytes(registry.keys.published.trusted().to_json())
    registry.close()


def test_a_trail_is_checked_here_and_elsewhere(trackmark: Trackmark, home: Path, tmp_path: Path) -> None:
    filled(home)
    told = trackmark("audit-trail", "verify")
    assert (told.code, told.out) == (
        0,
        "default: 3 events hold together; no entry of the log commits to it yet\n",
    )
    assert trackmark("audit-trail", "root", "--json").lines == [{"entries": 1}]
    (found,) = trackmark("audit-trail", "verify", "--json").lines
    assert found == {"tenant": "default", "events": 3, "rooted": 3, "entry": 0}
    out = tmp_path / "trail.jsonl"
    assert trackmark("audit-trail", "export", "-o", out).code == 0
    keys = home / "keys.json"
    assert trackmark("audit-trail", "verify", out, "--keys", keys, "--json").lines == [found]
    assert trackmark("audit-trail", "verify", out).code == 2
    out.write_text(out.read_text().replace("review desk", "nobody at all", 1))
    refused = trackmark("audit-trail", "verify", out, "--keys", keys)
    assert refused.code == 1 and "another link" in refused.err
