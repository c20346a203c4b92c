"""A reader that leaves, a disk that is full, and whoever stops a command, in processes of their own."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from api.cli import console
from api.cli.usage import Commands
from core.interrupts import ENDING, held

RUN = [sys.executable, "-m", "api.cli"]
SCRIPT = [sys.executable, "-c", "from api.cli import main; main()"]
FULL = "error: cannot write the answer: No space left on device\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "TRACKMARK_HOME": str(tmp_path / "home")}


def nobody() -> int:
    """The writing end of a pipe whose reader is gone."""
    read, write = os.pipe()
    os.close(read)
    return write


@pytest.mark.parametrize("command", [RUN, SCRIPT], ids=["module", "script"])
@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["record", "list"]],
)
def test_a_reader_that_leaves_ends_a_command_without_a_word(
    command: list[str], arguments: list[str], environment: dict[str, str]
) -> None:
    write = nobody()
    done = subprocess.run([*command, *arguments], stdout=write, stderr=subprocess.PIPE, env=environment)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["record", "list"], ["keygen", "--json", "-o", "key"]])
def test_a_full_disk_behind_standard_output_is_told_in_a_line(
    arguments: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*RUN, *arguments], stdout=full, stderr=subprocess.PIPE, env=environment, cwd=tmp_path, text=True
        )
    assert (done.returncode, done.stderr) == (1, FULL)


def test_messages_that_nobody_hears_change_nothing(environment: dict[str, str]) -> None:
    """Not that it was wrong usage, either: what waits for a stream at the end is an error of Python's own."""
    write = nobody()
    for stream in (write, os.open("/dev/full", os.O_WRONLY)):
        done = subprocess.run([*RUN, "nothing"], stdout=subprocess.PIPE, stderr=stream, env=environment)
        assert (done.returncode, done.stdout) == (2, b"")
        os.close(stream)


def test_no_standard_output_at_all_is_nobody_who_listens(environment: dict[str, str], tmp_path: Path) -> None:
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *RUN, "keygen", "--json", "-o", str(tmp_path / "key")]
    done = subprocess.run(closed, stderr=subprocess.PIPE, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")


def command(act: Callable[[], None]) -> typer.Typer:
    """A command of its own that comes through the same entry."""
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    app.command("act")(act)
    return app


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_was_begun_is_tidied_up(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    tidied: list[str] = []

    def act() -> None:
        try:
            with console.failures():
                signal.raise_signal(number)
        finally:
            tidied.append("file")

    ends: list[Callable[[], None]] = []
    monkeypatch.setattr("atexit.register", ends.append)
    done = CliRunner().invoke(command(act), ["act"])
    assert (done.exit_code, done.stdout, done.stderr, tidied) == (128 + number, "", "stopped\n", ["file"])


def test_whoever_presses_twice_finds_everything_tidied_up() -> None:
    reached: list[str] = []

    def act() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            reached.append("the second time")
            try:
                signal.raise_signal(signal.SIGINT)  # it may hang
            finally:
                reached.append("the third time")

    assert CliRunner().invoke(command(act), ["act"]).exit_code == 130
    assert reached == ["the second time", "the third time"]


def test_signals_mean_afterwards_what_they_meant_before() -> None:
    before = [signal.getsignal(number) for number in ENDING]
    CliRunner().invoke(command(lambda: None), ["act"])
    assert [signal.getsignal(number) for number in ENDING] == before


def test_a_signal_that_is_ignored_stays_so(environment: dict[str, str]) -> None:
    """As `nohup` has it, and a shell that runs something in the background."""
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from api.cli import reader\n"
        "with reader.attended(): signal.raise_signal(signal.SIGHUP); print('on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert (done.returncode, done.stdout) == (0, b"on\n")


@pytest.mark.parametrize(("key", "code", "said"), [(b"\x03", 130, b"stopped"), (b"n\n", 1, b"Aborted")])
def test_a_question_is_stopped_or_answered(
    key: bytes, code: int, said: bytes, environment: dict[str, str]
) -> None:
    script = (
        "import typer\nfrom api.cli import console\nfrom api.cli.usage import Commands\n"
        "app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)\n"
        "app.callback()(lambda: None)\n"
        "app.command('act')(lambda: console.ask_person('Go on?', yes=False))\n"
        "app()"
    )
    pid, terminal = pty.fork()
    if pid == 0:  # in a session of its own, whose terminal turns the key into a signal
        os.execve(sys.executable, [sys.executable, "-c", script, "act"], environment)
    heard = b""
    while b"Go on?" not in heard:
        heard += os.read(terminal, 1000)
    # Pressed until it is heard: a signal that comes after Python last looked for one, and before it waits for
    # the answer, ends no wait. Nor read until the terminal closes, which another that holds it may put off.
    answer = b""
    while said not in answer:
        os.write(terminal, key)
        while said not in answer and select.select([terminal], [], [], 1.0)[0]:
            answer += os.read(terminal, 1000)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
    with suppress(OSError):  # Linux: the other end is closed
        while select.select([terminal], [], [], 0.0)[0]:
            answer += os.read(terminal, 1000)
    os.close(terminal)
    assert b"Traceback" not in answer


def test_steps_that_belong_together_are_not_parted() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), held():
        signal.raise_signal(signal.SIGINT)
        done.append("both")
    assert done == ["both"]
