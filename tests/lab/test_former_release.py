"""What an earlier release wrote is opened, verified and migrated (made by `lab.former_release`)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from api.database import alembic_config, reading
from api.registry.registry import Registry
from api.report.report import verify_report
from api.settings import Settings
from provenance.records.folder import verify_folder
from provenance.records.trust import TrustedKeys

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "release"
IDS: dict[str, str] = json.loads((VECTORS / "records.json").read_text())
KEYS = TrustedKeys.from_json((VECTORS / "evidence" / "kept" / "keys.json").read_bytes())
STATUS = {"kept": "asserted", "disputed": "disputed", "revoked": "revoked"}
EVENTS = {
    "kept": ["register", "amend", "transfer", "dispute.open", "dispute.close"],
    "disputed": ["register", "dispute.open"],
    "revoked": ["register", "revoke"],
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """The former release's registry, opened by this one on a machine without its private keys."""
    shutil.copy(VECTORS / "registry.db", tmp_path / "trackmark.db")
    registry = Registry.open(Settings(home=tmp_path))
    yield registry
    registry.close()


def test_its_database_is_brought_to_the_present_schema(registry: Registry) -> None:
    with reading(registry.engine) as connection:
        newest = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
        assert MigrationContext.configure(connection).get_current_revision() == newest


@pytest.mark.parametrize("name", IDS)
def test_its_records_and_their_proofs_verify_without_a_private_key(
    registry: Registry, name: str, tmp_path: Path
) -> None:
    found = registry.records.verified(IDS[name])
    assert found.state.status == STATUS[name]
    assert [event.type for event in found.events] == EVENTS[name]
    assert found.state.record.asset.title == f"Żółć {name}"
    assert not list(tmp_path.glob("keys/*.pem")), "a reader made a key"


@pytest.mark.parametrize("name", IDS)
def test_its_evidence_folders_verify(name: str) -> None:
    checks = verify_folder(VECTORS / "evidence" / name, KEYS)
    assert checks and all(check.passed is not False for check in checks), checks


def test_its_report_verifies_after_the_report_key_was_rotated() -> None:
    checked = verify_report(VECTORS / "kept.report.dsse.json", KEYS)
    assert checked.records == {"file": IDS["kept"]} and checked.checkpoint_size
