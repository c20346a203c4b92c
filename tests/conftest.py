"""What holds for every test: one thread, no network, no state outside the test's own folder."""

import gc
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: two cores shared by many tests

import pytest
from hypothesis import HealthCheck, settings

from tests import needs

gc.disable()  # until all is imported: a heap that only grows would be walked again and again

# No test judges by the clock: not by how long an example took, nor by how long it took to make it up.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

LOCAL = ("127.0.0.1", "::1", "localhost", "0.0.0.0")


@pytest.fixture(autouse=True, scope="session")
def state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point Trackmark's home into a temporary folder, for this process and those it starts."""
    before = os.environ.get("TRACKMARK_HOME")
    os.environ["TRACKMARK_HOME"] = str(tmp_path_factory.mktemp("trackmark-home"))
    yield
    if before is None:
        del os.environ["TRACKMARK_HOME"]
    else:
        os.environ["TRACKMARK_HOME"] = before


@pytest.fixture(autouse=True, scope="session")
def signals_as_at_a_terminal() -> None:
    """Here and in processes that tests start: whoever runs this in the background has signals ignored."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse connections that leave this machine; sockets of the machine itself stay usable."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL:
            raise AssertionError(f"a test reaches for the network: {address!r}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign,assignment]  # that is the guard
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]  # and its end


@pytest.fixture(scope="session")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every file of `tests.hostile` on disk, by its flaw."""
    from tests.hostile import write_all

    return write_all(tmp_path_factory.mktemp("hostile"))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """From here on garbage is collected, and what was imported is passed over: it stays to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say last what was left out, and how to have it run."""
    told = [report.longrepr for report in terminalreporter.getreports("skipped")]
    for line in needs.summary([place[2] for place in told if isinstance(place, tuple)]):
        terminalreporter.write_line(line)
