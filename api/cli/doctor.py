"""`trackmark doctor`: whether this machine can do the work, and what to do where not. Changes nothing."""

import io
import os
import shutil
import stat
import time
import wave
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.cli.console import FAILED, AsJson, Quiet, answers, emit, progress, settings
from api.cli.reached import CLOCK_TOLERANCE_S, others
from api.cli.symptom import Check
from core import clock
from core.counted import counted

if TYPE_CHECKING:
    from api.settings import Settings

LEAST_DISK_BYTES, LITTLE_DISK_BYTES = 1 << 30, 10 << 30
_ROOT = Path(__file__).resolve().parents[2]


def doctor(as_json: AsJson = False, quiet: Quiet = False) -> None:
    """Say what of the sandbox holds, and if database, store, keys, disk, clock and models are in order.

    Asks the sign-in provider, the time-stamp authorities and the collector of spans whether they answer.
    """
    chosen = settings()
    found: list[Check] = []
    with progress(enabled=not quiet) as bar:
        report = bar("look")
        for done, (name, ask) in enumerate(_QUESTIONS):
            report(name, done / len(_QUESTIONS))
            found += ask(chosen)
    if as_json:
        good = all(check.state != "wrong" for check in found)
        emit({"good": good, "checks": [asdict(check) for check in found]})
    else:
        from api.cli.lines import Facts

        colours = {"ok": "green", "weaker": "yellow", "wrong": "bold red"}
        facts = Facts()
        for check in found:
            facts.add(f"[{colours[check.state]}]{check.state}[/]", f"{check.name}: {check.says}")
            if check.do:
                facts.add("", check.do)
        answers().print(facts)
    if any(check.state == "wrong" for check in found):
        raise typer.Exit(FAILED)


def _sandbox(_chosen: "Settings") -> Iterator[Check]:
    from core.decode import decode_bytes
    from core.errors import AudioError
    from core.locked import LockedError
    from core.reception import DECODER
    from core.sandbox_calls import available

    sample = io.BytesIO()
    with wave.open(sample, "wb") as file:
        file.setparams((1, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(1000))
    try:
        decode_bytes(sample.getvalue(), "sample.wav")
        room = DECODER.room()
    except (AudioError, LockedError) as error:
        do = "allow seccomp filters (prctl PR_SET_SECCOMP) in this container, and run `make install`"
        yield Check("sandbox", "wrong", f"no file can be read in a locked-in process: {error}", do)
        return
    if available():
        yield Check("sandbox filter", "ok", "system calls are refused but for a short list")
    else:
        do = "serve strangers from Linux on x86-64 or arm64"
        yield Check("sandbox filter", "wrong", "this platform has none: only memory and time are bounded", do)
    kinds = ("files", "groups", "names", "messages", "processes", "network")
    lacking = [kind for kind in kinds if kind not in room["separate"]]
    if lacking or not room["empty"]:
        what = ", ".join(lacking) or "an empty root"
        do = "allow user namespaces (unshare), or CAP_SYS_ADMIN for root; the filter stands without them"
        yield Check("sandbox room", "weaker", f"shared with the machine: {what}", do)
    else:
        yield Check("sandbox room", "ok", "no files, processes or network of this machine are in it")
    users = {"nobody": "nobody", "namespace": "the server's, without rights in a namespace of its own"}
    if room["user"] in users:
        yield Check("sandbox user", "ok", users[room["user"]])
    else:
        do = "allow user namespaces, or start as root, which is given up"
        yield Check("sandbox user", "weaker", "the server's own", do)


def _database(chosen: "Settings") -> Check:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from api import database
    from api.database import schema
    from core.errors import TrackmarkError

    url = make_url(chosen.database_url)
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).exists()):
        return Check("database", "ok", "none yet; it is made on first use")
    engine = database.connect(chosen.database_url)
    try:
        state = schema.state(engine)
    except (SQLAlchemyError, TrackmarkError, OSError) as error:
        text = str(error).splitlines()[0][:200]
        return Check(
            "database", "wrong", f"does not answer: {text}", "start it, or correct TRACKMARK_DATABASE_URL"
        )
    finally:
        engine.dispose()
    if state.pending:
        do = "trackmark backup, then trackmark db upgrade"
        return Check(
            "database", "wrong", f"schema {state.revision}, this release works with {state.newest}", do
        )
    if state.differences:
        return Check("database", "wrong", "not as its revision says", "see trackmark db check")
    return Check("database", "ok", f"schema {state.revision}")


def _store(chosen: "Settings") -> Iterator[Check]:
    """Write, read and delete something where the settings name an object store."""
    from api.errors import StoredFileLost, StoreUnavailable
    from api.store import ObjectStore

    store = ObjectStore.of(chosen)
    if store is None:
        return
    try:
        store.try_out()
    except (StoreUnavailable, StoredFileLost) as error:
        do = "look at TRACKMARK_STORE, AWS_ENDPOINT_URL and the credentials; jobs wait until then"
        yield Check("store", "wrong", f"{store.url}: {error}", do)
    else:
        yield Check("store", "ok", f"{store.url} can be written, read and deleted")


def _keys(chosen: "Settings") -> Iterator[Check]:
    from api.keys.files import PURPOSES, KeyStore
    from api.keys.given import key_secrets
    from core.errors import TrackmarkError

    folder = chosen.home / "keys"
    open_to_others = [
        one
        for one in (folder, *folder.glob("*"))
        if one.exists() and stat.S_IMODE(one.stat().st_mode) & 0o077
    ]
    if open_to_others:
        names = ", ".join(one.name for one in open_to_others[:5])
        do = f"chmod -R go= {folder}, and rotate the keys if others use this machine"
        yield Check("keys", "wrong", f"others on this machine can reach {names}", do)
    try:
        store = KeyStore(chosen.home, key_secrets(chosen))
        held = [purpose for purpose in PURPOSES if store.held(purpose) is not None]
    except (TrackmarkError, OSError) as error:
        yield Check("keys", "wrong", str(error), "give the passphrase, or restore the keys from a backup")
        return
    if held and len(held) < len(PURPOSES):
        lacking = ", ".join(purpose for purpose in PURPOSES if purpose not in held)
        do = "restore them, unless this machine is meant only to verify"
        yield Check("keys", "weaker", f"none here for: {lacking}", do)
    elif not open_to_others:
        yield Check("keys", "ok", f"{', '.join(held)}" if held else "none yet; they are made on first use")


def _disk(chosen: "Settings") -> Check:
    place = next(one for one in (chosen.home, *chosen.home.resolve().parents) if one.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        whose = "give it to the user that the server runs as, or name another by TRACKMARK_HOME"
        return Check("disk", "wrong", f"{place} cannot be written to", whose)
    free = shutil.disk_usage(place).free
    says = f"{free / (1 << 30):.1f} GiB free for {chosen.home}"
    if free < LEAST_DISK_BYTES:
        return Check("disk", "wrong", says, "make room: uploads and records need it")
    return Check("disk", "weaker" if free < LITTLE_DISK_BYTES else "ok", says)


def _clock(chosen: "Settings") -> Check:
    """The clock against the files that it dated: what lies in the future was written by a better one."""
    dated = [_ROOT / "pyproject.toml", *chosen.home.glob("*"), *chosen.home.glob("keys/*")]
    newest = max((one.stat().st_mtime for one in dated if one.exists()), default=0.0)
    behind = newest - time.time()
    if behind > CLOCK_TOLERANCE_S:
        do = "set it by a time server: records and certificates carry its time"
        return Check(
            "clock",
            "wrong",
            f"{counted(round(behind / 60), 'minute')} behind a file that is already there",
            do,
        )
    return Check("clock", "ok", clock.now_text())


def _models(_chosen: "Settings") -> Iterator[Check]:
    from core import cards
    from core.errors import WeightsError

    found = [one for folder in ("detector", "provenance") for one in sorted((_ROOT / folder).rglob("*.toml"))]
    flaws = []
    count = 0
    for path in found:
        if b"\nsha256 = " not in path.read_bytes():
            continue
        count += 1
        try:
            cards.load(path)
        except WeightsError as error:
            flaws.append(str(error))
    if flaws or not count:
        yield Check("models", "wrong", "; ".join(flaws) or "there are none", "install Trackmark again")
    else:
        yield Check("models", "ok", f"{count} weights are those that their cards name")


_QUESTIONS: tuple[tuple[str, Callable[["Settings"], Iterable[Check]]], ...] = (
    ("sandbox", _sandbox),
    ("database", lambda chosen: [_database(chosen)]),
    ("store", _store),
    ("keys", _keys),
    ("disk", lambda chosen: [_disk(chosen)]),
    ("clock", lambda chosen: [_clock(chosen)]),
    ("models", _models),
    ("others", others),
)
