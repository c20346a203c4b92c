"""Nothing is left out in silence, and nothing is left out where everything must run."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests import needs
from tests.needs import COMPLETE, MARK, OPENSSL, TOKEN
from tests.postgres import Programs, bundled, cluster, installed

ROOT = Path(__file__).resolve().parent.parent


def test_each_need_is_told_once_with_its_number_of_tests() -> None:
    reasons = ["Skipped: " + MARK + need.text for need in (TOKEN, OPENSSL, TOKEN)] + [
        "Skipped: on macOS only"
    ]
    told = needs.summary(reasons)
    assert [line.split(":")[0] for line in told] == ["Not run"] * 2
    assert told[0].startswith("Not run: 2 tests of keys in a hardware module: SoftHSM")
    assert all("apt-get install" in line for line in told)
    assert needs.summary([]) == []


@pytest.mark.parametrize(("complete", "outcome"), [("", "1 skipped"), ("1", "1 error")])
def test_a_machine_without_a_token_says_so_or_fails(complete: str, outcome: str) -> None:
    test = "tests/api/keys/test_hardware.py::test_a_key_signs_and_stays_inside[ed25519]"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={"PATH": "/nowhere", "PYTHONPATH": str(ROOT), COMPLETE: complete},
    )  # fmt: skip
    assert outcome in done.stdout, done.stdout + done.stderr
    assert "SoftHSM, a PKCS#11 token in software, is not on this machine" in done.stdout
    assert (done.returncode, "Not run: 1 tests of" in done.stdout) == ((1, False) if complete else (0, True))


@pytest.mark.parametrize(
    "programs", [one for one in (installed(), bundled()) if one], ids=lambda one: str(one.folder)
)
def test_each_server_that_is_here_runs(programs: Programs) -> None:
    with (
        cluster(programs) as server,
        psycopg.connect(f"host={server.folder} user=trackmark dbname=postgres") as connection,
    ):
        found = connection.execute("SELECT current_setting('server_encoding')").fetchone()
    assert found == ("UTF8",)
    assert not server.folder.exists()
