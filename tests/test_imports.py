"""The house's import rules: as import-linter states them, and as a fresh interpreter lives them."""

import json
import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from api.registry.registry import Registry
from api.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "tests" / "vectors" / "release"
OURS = {"core", "provenance", "detector", "api", "lab"}

ALL_OF_IT = """
import importlib, pkgutil, sys
before = set(sys.modules)  # what a distribution loads into every interpreter is none of ours
package = importlib.import_module({name!r})
for module in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
    importlib.import_module(module.name)
print(*(set(sys.modules) - before))
"""

COMMANDS = """
import json, sys
from api.cli import main
for arguments in json.load(sys.stdin):
    assert not main(arguments, standalone_mode=False), arguments
    assert "torch" not in sys.modules, arguments
"""

SERVER = """
import sys
import wave
from pathlib import Path
from fastapi.testclient import TestClient
from api.server.app import create_app
from api.settings import Settings
song, home = Path(sys.stdin.read()), Settings().home
with TestClient(create_app(Settings(run_jobs=False)), base_url="http://127.0.0.1") as client:
    key = {"Authorization": f"Bearer {(home / 'keys' / 'admin-api-key').read_text().strip()}"}
    sent = client.post("/v1/audits", files={"file": ("song.wav", song.read_bytes())}, headers=key)
    assert sent.status_code == 202, sent.text
    for path in ("/v1/audits", "/v1/records", "/", "/log", "/openapi.json", f"/audits/{sent.json()['id']}"):
        assert client.get(path, headers=key).is_success, path
    assert client.delete(sent.headers["location"], headers=key).status_code == 204
loaded = {"torch", "scipy", "matplotlib", "av"} & set(sys.modules)
assert not loaded, loaded
"""


AUDIT = """
import sys
from api.audit.audit import audit_file
from api.registry.registry import Registry
from api.settings import Settings
from detector.music import MusicDetector
from detector.voice import VoiceDetector
from provenance.credentials import reading
Registry.open(Settings()).close()
MusicDetector.load(), VoiceDetector.load()
loaded = {"alembic", "click", "httpx", "matplotlib", "pyarrow", "rich", "scipy.signal"} & set(sys.modules)
assert not loaded, loaded
"""


def loaded_by(name: str) -> set[str]:
    """Modules that a fresh interpreter loads to import a package with all its modules."""
    done = fresh(ALL_OF_IT.format(name=name))
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def strangers_of(modules: set[str]) -> set[str]:
    """The packages of others among modules, without those that are private parts of one."""
    tops = {module.partition(".")[0] for module in modules}
    return {top for top in tops if not top.startswith("_")} - OURS - sys.stdlib_module_names


def fresh(script: str, *, home: Path | None = None, told: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script in an interpreter of its own."""
    environment = os.environ if home is None else {**os.environ, "TRACKMARK_HOME": str(home)}
    command = [sys.executable, "-c", script]
    return subprocess.run(
        command, input=told, capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )


@pytest.mark.parametrize(
    ("package", "needs", "modules"),
    [
        ("provenance.records", {"cryptography", "rfc8785"}, 260),
        ("api.cli", {"annotated_doc", "cryptography", "rfc8785", "rich", "shellingham", "typer"}, 420),
        (
            "api.client",
            {"anyio", "certifi", "h11", "httpcore", "httpx", "idna", "typing_extensions"}
            | {
                "click",
                "markdown_it",
                "mdurl",
                "pygments",
                "rich",
            },  # httpx's own command, where they are there
            480,
        ),
        ("core.errors", set(), 100),
        ("core.sandbox", set(), 110),
        ("core.decoder_child", {"av", "cython_runtime", "numpy"}, 330),
        ("core.install", set(), 140),
    ],
)
def test_what_must_stay_light_loads_what_it_needs_and_no_more(
    package: str, needs: set[str], modules: int
) -> None:
    """Counted in modules and not in seconds, of which a busy machine has fewer."""
    loaded = loaded_by(package)
    assert strangers_of(loaded) <= needs
    assert len(loaded) <= modules


def test_the_probe_sees_torch() -> None:
    assert "torch" in strangers_of(loaded_by("core.clip"))


def test_commands_that_only_read_records_load_no_torch(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(RELEASE / "registry.db", home / "trackmark.db")
    record = json.loads((RELEASE / "records.json").read_text())["kept"]
    keys = ["--keys", str(RELEASE / "evidence" / "kept" / "keys.json")]
    commands = [
        ["record", "show", record],
        ["record", "export", record, "-f", "ddex", "-o", str(tmp_path / "record.xml")],
        ["record", "export", record, "-f", "csv", "-o", str(tmp_path / "record.csv")],
        ["catalogue", "export", "-o", str(tmp_path / "catalogue.csv")],
        ["artist", "list"],
        ["key", "list"],
        ["db", "check"],
        ["verify", str(RELEASE / "evidence" / "kept"), *keys],
        ["verify-report", str(RELEASE / "kept.report.dsse.json"), *keys],
    ]
    done = fresh(COMMANDS, home=home, told=json.dumps(commands))
    assert done.returncode == 0, done.stderr


def test_a_server_takes_files_in_without_what_computes(tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    with wave.open(str(song), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(range(256)) * 100)
    done = fresh(SERVER, home=tmp_path / "home", told=str(song))
    assert done.returncode == 0, done.stderr


def test_the_contracts_hold() -> None:
    """`lint-imports` knows the layers, the strangers and who may import audiocraft (pyproject.toml)."""
    linter = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        [str(linter), "--no-cache"], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_an_audit_loads_nothing_that_is_slow_to_import_and_that_it_does_not_need(tmp_path: Path) -> None:
    Registry.open(Settings(home=tmp_path)).close()
    done = fresh(AUDIT, home=tmp_path)
    assert done.returncode == 0, done.stderr
