"""The client is a distribution of its own, and needs httpx and nothing of ours."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import api.client

FOLDER = Path(api.client.__file__).parent
ROOT = FOLDER.parents[1]
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from trackmark_client import Client, NoAnswer
from trackmark_client.shapes import AuditAnswer
try:
    Client("http://127.0.0.1:1", tries=1).get_health()
except NoAnswer:
    print("nobody there")
ours = {"api", "core", "provenance", "fastapi", "pydantic", "sqlmodel", "torch"} & set(sys.modules)
assert not ours, ours
"""


def test_it_is_installed_and_works_by_itself(tmp_path: Path) -> None:
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    shutil.copytree(FOLDER, source, ignore=shutil.ignore_patterns("__pycache__"))
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(wheels),
    ]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    (wheel,) = wheels.glob("trackmark_client-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "installed")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={},
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "nobody there\n"), done.stderr
    assert (tmp_path / "installed" / "trackmark_client" / "py.typed").exists()


def test_both_distributions_are_of_one_version_and_need_the_same_httpx() -> None:
    ours = tomllib.loads((FOLDER / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ours["version"] == whole["version"]
    assert set(ours["dependencies"]) <= set(whole["dependencies"])
