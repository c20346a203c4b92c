"""A scan on a Ray cluster that runs already, with one processor and an environment of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.scan import parts
from api.scan.find import Item, ScanError, find
from api.scan.plan import Terms
from api.scan.worker import audit_item
from tests.api.scan.catalogues import asked, folder_of, names, run, table
from tests.api.scan.rows import scan_row
from tests.api.scan.test_interrupted import rows_there

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


def settings_row(item: Item, home: Path, terms: Terms) -> dict[str, Any]:
    """A row that tells the settings of the process that makes it."""
    told = sorted(f"{k}={v}" for k, v in os.environ.items() if k.startswith("TRACKMARK_"))
    return {**scan_row(item, home, terms), "rules": " ".join(told)}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Its address; it ends with the session of processes that it is."""
    with socket.socket() as free, tempfile.TemporaryDirectory(prefix="ray") as scratch:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        own = {"PATH": os.environ["PATH"], "HOME": scratch, "PYTHONPATH": str(ROOT)}
        own |= {"RAY_USAGE_STATS_ENABLED": "0", "TRACKMARK_LOG_FORMAT": "json"}
        own |= {"TRACKMARK_FINGERPRINT_FOLDER": "/its/own/disk", "TRACKMARK_KEY_PASSPHRASE": "its own"}
        head = subprocess.Popen(
            [
                *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
                *(f"--port={port}", "--num-cpus=1", "--object-store-memory=100000000"),
                *("--include-dashboard=false", f"--temp-dir={scratch}", "--disable-usage-stats"),
                "--node-ip-address=127.0.0.1",
            ],
            env=own,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        while not _answers(port):
            assert head.poll() is None, "it did not start"
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
        os.killpg(head.pid, signal.SIGTERM)
        head.wait()
        with suppress(ProcessLookupError):
            os.killpg(head.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def items(tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    monkeypatch.setattr(parts, "ROWS_PER_PART", 2)
    monkeypatch.setenv("RAY_ADDRESS", cluster)
    return find(str(folder_of(tmp_path, *(f"{name}.wav" for name in "abcde"))))


def test_more_workers_than_it_has_processors_wait_for_nobody(tmp_path: Path, items: list[Item]) -> None:
    run(items, tmp_path / "r.parquet", engine="ray", workers=4)
    assert asked(tmp_path) == dict.fromkeys([f"{name}.wav" for name in "abcde"], 1)
    (tmp_path / "here").mkdir()
    run(items, tmp_path / "here" / "r.parquet")
    assert (tmp_path / "r.parquet").read_bytes() == (tmp_path / "here" / "r.parquet").read_bytes()


def test_its_workers_have_the_settings_of_whoever_scans(
    tmp_path: Path, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("TRACKMARK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKMARK_WATERMARK_SEARCH", "quick")
    monkeypatch.setenv("TRACKMARK_FINGERPRINT_FOLDER", "/ours")
    run(items[:1], tmp_path / "r.csv", engine="ray", audit=settings_row)
    told = "TRACKMARK_FINGERPRINT_FOLDER=/its/own/disk TRACKMARK_WATERMARK_SEARCH=quick"
    assert table(tmp_path / "r.csv")[0]["rules"] == told


def test_its_workers_have_the_secrets_of_their_machine(
    tmp_path: Path, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("TRACKMARK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKMARK_KEY_PASSPHRASE", "ours")
    run(items[:1], tmp_path / "r.csv", engine="ray", audit=settings_row)
    told = "TRACKMARK_FINGERPRINT_FOLDER=/its/own/disk TRACKMARK_KEY_PASSPHRASE=its own"
    assert table(tmp_path / "r.csv")[0]["rules"] == told
    monkeypatch.setenv("TRACKMARK_PKCS11_PIN", "ours")
    with pytest.raises(ScanError, match="has no TRACKMARK_PKCS11_PIN: no secret is sent through a cluster"):
        run(items[:1], tmp_path / "2.csv", engine="ray", audit=settings_row)


def test_a_scan_of_another_registry_is_refused(tmp_path: Path, items: list[Item]) -> None:
    audit = partial(audit_item, log="trackmark.invalid/log/another")
    with pytest.raises(ScanError, match="has another registry in"):
        run(items, tmp_path / "r.csv", engine="ray", audit=audit)
    assert not (tmp_path / "r.csv").exists()


def test_killed_twice_with_its_workers_it_loses_and_repeats_nothing(
    tmp_path: Path, items: list[Item]
) -> None:
    workers, settled = tmp_path / "workers", dict[str, int]()
    command = [sys.executable, "-m", "tests.api.scan.interrupted", str(tmp_path / "catalogue")]
    for allowed in ("a.wav", "b.wav"):
        driver = subprocess.Popen([*command, str(tmp_path / "r.parquet"), "ray"])
        for go in (False, True):  # the first one that holds the file dies over it
            while not workers.exists() or not list(workers.iterdir()):
                assert driver.poll() is None
                time.sleep(0.02)
            (worker,) = workers.iterdir()
            worker.unlink()
            if go:
                (tmp_path / f"go {allowed}").touch()
            else:
                os.kill(int(worker.name), signal.SIGKILL)
        while rows_there(tmp_path) == len(settled):
            assert driver.poll() is None
            time.sleep(0.02)
        driver.kill()
        driver.wait()
        settled[allowed] = asked(tmp_path)[allowed]
        for path in workers.iterdir():
            path.unlink()
    (tmp_path / "go").touch()
    assert subprocess.run([*command, str(tmp_path / "r.parquet"), "ray"], check=False).returncode == 0
    assert names(tmp_path / "r.parquet") == [f"{name}.wav" for name in "abcde"]
    assert {name: asked(tmp_path)[name] for name in settled} == settled


def test_a_ray_of_this_machine_has_our_secrets(
    tmp_path: Path, items: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS")
    monkeypatch.setenv("TRACKMARK_KEY_PASSPHRASE", "ours")
    run(items[:1], tmp_path / "r.csv", engine="ray", audit=settings_row)
    assert "TRACKMARK_KEY_PASSPHRASE=ours" in table(tmp_path / "r.csv")[0]["rules"]
