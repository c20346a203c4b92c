"""`trackmark log` and `trackmark key` on a registry of their own."""

from pathlib import Path

from api.registry.registry import Registry
from api.settings import Settings
from provenance.records.keylife import BEFORE_COMPROMISE
from tests.api.cli.conftest import Trackmark
from tests.api.serving import register


def test_keys_are_listed_rotated_and_revoked(trackmark: Trackmark, home: Path) -> None:
    store = Registry.open(Settings(home=home))
    made = register(store)
    old = store.keys.signer("record").keyid
    assert trackmark("key", "rotate", "record", "--reason", "yearly").code == 0
    assert store.keys.signer("record").keyid != old
    later = "2999-01-01T00:00:00Z"
    assert trackmark("key", "revoke", old, "--reason", "stolen", "--compromised-since", later).code == 2
    assert trackmark("key", "revoke", old, "--reason", "lost").code == 0
    listed = {line["keyid"]: line for line in trackmark("key", "list", "--json").lines}
    assert listed[old]["reason"] == "lost"
    assert "revoked_at" not in listed[store.keys.signer("record").keyid]
    assert store.records.verified(made.record_id).current.key_status != BEFORE_COMPROMISE
    store.close()


def test_wrong_uses_are_told(trackmark: Trackmark, tmp_path: Path) -> None:
    assert trackmark("key", "rotate", "witness").code == 2
    assert trackmark("key", "revoke", "00" * 32, "--reason", "x").code == 2
    assert trackmark("log", "cosign").code == 2
    assert trackmark("witness", "nonsense", "--name", "a.example").code == 1
    vkey = "example.com+00000000+AAAA"
    assert (
        trackmark("log", "monitor", "http://127.0.0.1:9", "--key", vkey, "--state", tmp_path / "s").code == 1
    )


def test_an_unreachable_log_exits_with_3(trackmark: Trackmark, home: Path, tmp_path: Path) -> None:
    store = Registry.open(Settings(home=home))
    store.keys.enter()
    vkey = store.log.key.vkey
    store.close()
    done = trackmark("log", "monitor", "http://127.0.0.1:9", "--key", vkey, "--state", tmp_path / "s")
    assert done.code == 3
    assert "cannot read the log" in done.err
