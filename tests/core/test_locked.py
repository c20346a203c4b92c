"""The process around each stranger's file: what it has, what it cannot do, and that nothing of it stays."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import isolated
from core.locked import Locked, LockedError, LockedTimeout
from core.priority import BACKLOG, WORK, niceness, yield_to_others
from tests.core import processes

ORDINARY = 12345
_OURS = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r}); "
"""In front: a package of others may be called `tests`, too."""
_DROP = (
    "import os, core.locked_child, core.sandbox_rooms, tests.core.hostile_task; "
    f"os.setgroups([]); os.setresgid(*[{ORDINARY}] * 3); os.setresuid(*[{ORDINARY}] * 3); "
    "core.sandbox_rooms.control_process(4, 1); "
)
USERS = ["root", "an ordinary user"] if os.geteuid() == 0 else ["an ordinary user"]
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these walls")


@pytest.fixture(params=USERS)
def locked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Locked]:
    started = isolated.start
    before = _OURS + (_DROP if request.param != "root" and os.geteuid() == 0 else "")
    monkeypatch.setattr(isolated, "start", lambda script, *rest: started(before + script, *rest))
    one = Locked("tests.core.hostile_task")
    yield one
    one.stop()


def ask(locked: Locked, request: object, *files: int, seconds: float = 30, growth_bytes: int = 0) -> object:
    with locked.begin(
        request, files, memory_bytes=1 << 26, seconds=seconds, growth_bytes=growth_bytes
    ) as talk:
        return json.loads(talk.answer(b"A"))["ways"]


@linux
def test_no_way_leads_out(locked: Locked) -> None:
    found = ask(locked, {"server": os.getpid()})
    assert isinstance(found, dict)
    assert len(found) > 130
    assert {name: got for name, got in found.items() if got != 1} == {}  # EPERM, every one


@linux
def test_the_child_has_nothing_but_its_socket(locked: Locked) -> None:
    ask(locked, "start")
    with locked.begin("wait", memory_bytes=1 << 26, seconds=30):
        child = processes.awaited(locked.pid)
        if os.geteuid() == 0:
            descriptors = [str(one.readlink()) for one in Path(f"/proc/{child}/fd").iterdir()]
            assert [one.partition(":")[0] for one in descriptors] == ["socket"]
        else:  # not even its own user may look into it
            with pytest.raises(PermissionError):
                list(Path(f"/proc/{child}/fd").iterdir())
        status = Path(f"/proc/{child}/status").read_text()
        owner = Path(f"/proc/{child}/status").stat().st_uid
    for line in ("Seccomp:\t2", "NoNewPrivs:\t1", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000"):
        assert line in status
    assert owner == 0  # what cannot be dumped belongs to root


@linux
def test_the_room_is_what_the_process_says(locked: Locked) -> None:
    """A kernel may refuse parts of the room; what is said to stand, stands."""
    room = locked.room()
    with locked.begin("wait", memory_bytes=1 << 26, seconds=30):
        child = processes.awaited(locked.pid)
        if os.geteuid() != 0:  # not even its own user may look into it
            with pytest.raises(PermissionError):
                Path(f"/proc/{child}/ns/mnt").readlink()
            return
        kinds = {"files": "mnt", "groups": "cgroup", "names": "uts", "messages": "ipc", "network": "net"}
        kinds |= {"processes": "pid"}
        separate = {
            name
            for name, kind in kinds.items()
            if Path(f"/proc/{child}/ns/{kind}").readlink() != Path(f"/proc/self/ns/{kind}").readlink()
        }
        assert separate == set(room["separate"])
        assert (list(Path(f"/proc/{child}/root").iterdir()) == []) is room["empty"]
        user = Path(f"/proc/{child}/status").read_text().partition("Uid:")[2].split()[0]
        own = Path(f"/proc/{child}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()
        assert room["user"] == ("namespace" if own else "nobody" if user == "65534" else "server")


@linux
@pytest.mark.parametrize("request_", ["spin", "spin deaf to signals", "wait"])
def test_the_parent_ends_a_child_whose_time_is_over(locked: Locked, request_: str) -> None:
    locked.room()
    before = processes.below(locked.pid)
    with pytest.raises(LockedTimeout), locked.begin(request_, memory_bytes=1 << 26, seconds=0.2) as talk:
        assert len(processes.below(locked.pid)) == len(before) + 1
        talk.answer(b"A")
    processes.only(locked.pid, before)


@linux
def test_a_child_dies_on_time_though_somebody_still_listens(locked: Locked) -> None:
    locked.room()
    before = processes.below(locked.pid)
    with locked.begin("wait", memory_bytes=1 << 26, seconds=0.1) as talk:
        processes.only(locked.pid, before)
        with pytest.raises(LockedError):
            talk.answer(b"A")


@linux
@pytest.mark.parametrize("request_", ["spin", "wait", "flood"])
def test_a_child_ends_when_nobody_listens(locked: Locked, request_: str) -> None:
    locked.room()
    before = processes.below(locked.pid)
    with locked.begin(request_, memory_bytes=1 << 26, seconds=600):
        assert len(processes.below(locked.pid)) == len(before) + 1
    processes.only(locked.pid, before)


@linux
def test_all_children_end_with_the_process_that_forked_them(locked: Locked) -> None:
    talks = [locked.begin("spin", memory_bytes=1 << 26, seconds=600) for _ in range(3)]
    processes.awaited(locked.pid)
    family = processes.below(locked.pid)
    assert locked.pid is not None
    os.kill(locked.pid, signal.SIGKILL)
    for one in family:
        processes.gone(one)
    for talk in talks:
        talk.close()
    assert ask(locked, "again") == "again"


@linux
def test_nothing_is_left_behind(locked: Locked) -> None:
    def shared() -> list[str]:
        segments = Path("/proc/sysvipc/shm")
        return [
            *map(str, Path("/dev/shm").iterdir()),
            *(segments.read_text().splitlines() if segments.exists() else ()),
        ]

    ask(locked, "start")
    descriptors, memory = len(list(Path("/proc/self/fd").iterdir())), shared()
    ask(locked, {"server": os.getpid()})
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    mine = [line for line in shared() if line not in memory]
    assert not [line for line in mine if "65534" in line or str(ORDINARY) in line]
    family = processes.below(locked.pid)
    locked.stop()
    for one in family:
        processes.gone(one)


def test_memory_beyond_the_limit_is_refused(locked: Locked) -> None:
    with pytest.raises(LockedError, match="more memory") as caught:
        ask(locked, "hold memory")
    assert caught.value.kind == "MemoryError"


@linux
@pytest.mark.parametrize(("growth", "grows"), [(0, False), (1 << 20, False), (1 << 22, True)])
def test_a_file_grows_as_far_as_it_may(locked: Locked, growth: int, grows: bool) -> None:
    with tempfile.TemporaryFile() as file:
        try:
            ask(locked, "grow a file", file.fileno(), growth_bytes=growth)
        except LockedError:
            assert not grows
        size = os.fstat(file.fileno()).st_size
    assert size == growth


@linux
def test_a_file_that_was_sent_for_reading_is_not_written(locked: Locked, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"as it was")
    with path.open("rb") as file, pytest.raises(LockedError):
        ask(locked, "grow a file", file.fileno(), growth_bytes=1 << 22)
    assert path.read_bytes() == b"as it was"


def test_waiting_for_a_reader_does_not_block_other_tasks(locked: Locked) -> None:
    with locked.begin("flood", memory_bytes=1 << 26, seconds=600) as talk:
        assert ask(locked, "meanwhile") == "meanwhile"
        assert talk.message()[0] == b"B"


@linux
def test_a_child_yields_as_the_thread_does_that_asks(locked: Locked) -> None:
    found: dict[int, list[int]] = {}

    def ask(nice: int) -> None:
        yield_to_others(nice)
        with locked.begin("wait", memory_bytes=1 << 26, seconds=600):
            new = set(processes.below(locked.pid)) - set(before)
            found[nice] = [os.getpriority(os.PRIO_PROCESS, one) for one in new]

    locked.room()
    before = processes.below(locked.pid)
    for nice in (BACKLOG, WORK):  # who yields more leaves nothing behind for the next
        with ThreadPoolExecutor(1) as lane:
            lane.submit(ask, nice).result()
        processes.only(locked.pid, before)
    assert found == {BACKLOG: [max(BACKLOG, niceness())], WORK: [max(WORK, niceness())]}
