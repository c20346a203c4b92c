"""Sets up `.venv`: `python3.11 core/install.py`, called by the Makefile. Standard library only.

Three steps, each repeatable: torch by its pin (pip prefers a local CPU build where the machine's
pip configuration offers one, else takes the published wheel with what that needs), then the tested
set of everything else exactly as pinned in `core/requirements.txt`, then Trackmark itself in place.
The set is installed without resolving dependencies: audiocraft 1.3.0 pins a torch of 2023 and
torchaudio its own, and both run on this one (see `core.native` and `provenance.generate`).
A stamp in `.venv` makes the next call instant until a pin changes.
"""

import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".trackmark-installed"
PINS = ROOT / "core" / "requirements.txt"
TICK_S = 10.0


def say(text: str) -> None:
    """Print one line now, also into a pipe."""
    print(text, flush=True)  # noqa: T201


def fingerprint() -> str:
    """What the environment was made from: changes whenever a pin or the package's metadata does."""
    parts = [PINS.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def pins() -> dict[str, str]:
    """The tested set: version by normalised name."""
    lines = [line.split("#")[0].strip() for line in PINS.read_text(encoding="utf-8").splitlines()]
    pairs = [line.split("==") for line in lines if line]
    return {name.strip().lower().replace("_", "-"): version.strip() for name, version in pairs}


def pip(what: str, *arguments: str, expected: int = 0) -> None:
    """Run pip with a line of progress every few seconds; on failure show its last words and stop.

    Args:
        what: the step, in words.
        arguments: after `pip install`.
        expected: how many packages the environment holds afterwards, for the progress line.
    """
    say(f"==> {what}")
    log = VENV / "install.log"
    command = [
        str(VENV / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--no-compile",
        "--disable-pip-version-check",
    ]
    command += [*os.environ.get("PIP_FLAGS", "").split(), *arguments]
    started = spoken = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT)
        while process.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - spoken > TICK_S:
                spoken = time.monotonic()
                say(f"    {spoken - started:4.0f} s  {progress(log, expected)}")
    if process.returncode:
        say(log.read_text(errors="replace")[-4000:])
        sys.exit(f"{what}: pip failed; the whole output is in {log}")
    say(f"    done in {time.monotonic() - started:.0f} s")


def progress(log: Path, expected: int) -> str:
    """How far pip is: packages looked up at first, later packages on disk."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    if any(line.startswith("Installing collected packages") for line in lines):
        present = sum(1 for _ in VENV.glob("lib/python*/site-packages/*.dist-info"))
        total = f" of {expected}" if expected else ""
        return f"unpacking: {present}{total} packages in place"
    found = [line.split()[1] for line in lines if line.startswith("Collecting ")]
    return f"looking up and fetching: {found[-1]} ({len(found)} so far)" if found else "starting"


def torch_present(version: str) -> bool:
    """Whether the wanted torch is in place, any build of it."""
    return any(VENV.glob(f"lib/python*/site-packages/torch-{version}*.dist-info"))


def main() -> None:
    """Install, or say that there is nothing to do."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    started = time.monotonic()
    if not (VENV / "bin" / "python").exists():
        say(f"==> new environment in {VENV} (Python {sys.version.split()[0]})")
        venv.EnvBuilder(with_pip=True, symlinks=True).create(VENV)
    versions = pins()
    torch = versions.pop("torch")
    if not torch_present(torch):
        pip(f"[1/3] torch {torch} (0.2 GB for CPU, more with CUDA)", f"torch=={torch}")
    rest = [f"{name}=={version}" for name, version in versions.items()]
    pip(f"[2/3] the tested set of {len(rest)} packages", "--no-deps", *rest, expected=len(rest) + 10)
    pip("[3/3] Trackmark itself", "--no-deps", "--no-build-isolation", "-e", ".")
    STAMP.write_text(wanted, encoding="utf-8")
    say(f"==> installed in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
