"""`trackmark retention`."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from api import database
from api.database.tables import Table
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from tests.api.cli.conftest import Trackmark


def ended_audit(home: Path, days_ago: float) -> str:
    then = clock.now() - timedelta(days=days_ago)
    registry = Registry.open(Settings(home=home))
    row = {"id": "an-audit", "tenant": "default", "kind": "audit", "state": "succeeded", "progress": 1.0}
    row |= {
        "file_name": "a.wav",
        "sha256": "ab" * 32,
        "size_bytes": 1,
        "request": {"stored": "a.wav"},
        "attempts": 1,
    }
    row |= {"created_at": then, "finished_at": then, "audio_deleted_at": then}
    with database.writing(registry.engine) as connection:
        connection.execute(insert(Table.metadata.tables["jobs"]).values(**row))
    registry.close()
    return "/v1/audits/an-audit"


def test_what_is_due_is_told_and_then_ended(trackmark: Trackmark, home: Path) -> None:
    place = ended_audit(home, days_ago=40)
    kinds = ("audio", "reports", "voices", "tagged")
    assert trackmark("retention", "show").out == "".join(f"{kind}: for ever\n" for kind in kinds)
    assert trackmark("retention", "sweep").out == "nothing is due\n"
    (told,) = trackmark("retention", "set", "--reports-days", "30", "--audio-days", "7", "--json").lines
    assert (told["reports_days"], told["audio_days"], told["voices_days"]) == (30, 7, None)
    (told,) = trackmark("retention", "set", "--audio-days", "0", "--json").lines  # the rest stays
    assert (told["reports_days"], told["audio_days"]) == (30, None)
    due = {"tenant": "default", "what": "report", "object": place}
    assert trackmark("retention", "sweep", "--dry-run", "--json").lines == [{**due, "ended": False}]
    assert trackmark("retention", "sweep", "--json").lines == [{**due, "ended": True}]
    assert trackmark("retention", "sweep").out == "nothing is due\n"
    (trail,) = trackmark("audit-trail", "verify", "--json").lines
    assert trail["events"] == 3  # twice set, once ended


def test_days_that_cannot_be_meant_are_refused(trackmark: Trackmark) -> None:
    assert trackmark("retention", "set", "--audio-days", "-1").code == 2
    assert trackmark("retention", "set", "--audio-days", "99999").code == 2
