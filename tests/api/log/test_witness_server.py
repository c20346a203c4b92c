"""Witnesses through HTTP: cosignatures collected, forks refused, restarts survived; and the monitor."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from starlette.applications import Starlette

from api import database
from api.keys.witnessing import cosign
from api.log import checkpoints, tree
from api.log.cosigning import WitnessAddress
from api.log.transparency import TransparencyLog
from api.log.witness_server import SIZE_TYPE, SqliteState, create_witness
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import InvalidInput, ProofError, SignatureError, VerificationError
from provenance.records.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from provenance.records.keys import Ed25519Signer
from provenance.records.log import LogEntry, MerkleLog, leaf_hash, root_hash
from provenance.records.monitor import Frontier, watch
from provenance.records.note import NoteSigner
from provenance.records.witness import AddCheckpoint
from tests.api.serving import parts, register, serve

NAMES = [NoteSigner(f"witness{i}.example", Ed25519Signer.generate()) for i in range(2)]
ADDRESSES = [WitnessAddress(name.cosigner_key, f"http://{name.name}") for name in NAMES]
TIME_S = 1_800_000_000


class Net:
    """Two witnesses by address, and a clock; stands in for the network."""

    def __init__(self, folder: Path, log: TransparencyLog) -> None:
        self.time_s = TIME_S
        self.down: set[str] = set()
        self.asked: list[str] = []
        self.folder, self.log = folder, log
        self.restart()

    def restart(self) -> None:
        self.apps = {f"http://{name.name}": TestClient(self.app(name)) for name in NAMES}

    def app(self, name: NoteSigner) -> Starlette:
        return create_witness(name, [self.log.key], self.folder / f"{name.name}.db", lambda: self.time_s)

    def send(self, url: str, body: str) -> tuple[int, str]:
        base = url.removesuffix("/add-checkpoint")
        self.asked.append(base)
        if base in self.down:
            raise httpx.ConnectError("down")
        answer = self.apps[base].post("/add-checkpoint", content=body)
        return answer.status_code, answer.text


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    settings = Settings(home=tmp_path / "home", witnesses=tuple(f"{a.key.vkey} {a.url}" for a in ADDRESSES))
    opened = Registry.open(settings)
    opened.keys.enter()
    yield opened
    opened.close()


@pytest.fixture
def net(tmp_path: Path, registry: Registry) -> Net:
    return Net(tmp_path, registry.log)


def test_cosignatures_are_collected_and_asked_for(registry: Registry, net: Net) -> None:
    first = register(registry)
    registry = registry.demanding(2)
    with pytest.raises(SignatureError, match="0 of 2"):
        registry.records.verified(first.record_id)
    done = cosign(registry.keys.published, net.send)
    assert (done.size, done.signed, done.refused) == (1, tuple(n.name for n in NAMES), {})
    logged = registry.records.verified(first.record_id).current.logged
    assert logged is not None
    assert logged.verified.earliest_witness_s == TIME_S
    second = register(registry)
    net.time_s += 1000
    assert cosign(registry.keys.published, net.send).size == 2
    logged = registry.records.verified(second.record_id).current.logged
    assert logged is not None
    assert logged.verified.earliest_witness_s == TIME_S + 1000


def test_a_proof_keeps_the_earliest_time(registry: Registry, net: Net) -> None:
    first = register(registry)
    cosign(registry.keys.published, net.send)
    for _ in range(3):
        register(registry)
        net.time_s += 1000
        cosign(registry.keys.published, net.send)
        cosign(registry.keys.published, net.send)
    logged = registry.records.verified(first.record_id).current.logged
    assert logged is not None
    assert logged.verified.earliest_witness_s == TIME_S
    note = registry.log.witnessed()
    assert note is not None
    newest = verify_checkpoint(note, registry.keys.published.trusted().log, witnesses=2)
    assert (newest.checkpoint.size, newest.earliest_witness_s) == (4, TIME_S + 3000)


def test_a_witness_that_is_down_signs_later(registry: Registry, net: Net) -> None:
    register(registry)
    net.down = {ADDRESSES[1].url}
    done = cosign(registry.keys.published, net.send)
    assert (done.signed, list(done.refused)) == ((NAMES[0].name,), [NAMES[1].name])
    net.down, net.asked = set(), []
    assert len(cosign(registry.keys.published, net.send).signed) == 2
    assert net.asked == [ADDRESSES[1].url]  # who has signed this checkpoint is not asked again


def test_a_rewritten_log_gets_no_cosignature_not_even_after_a_restart(registry: Registry, net: Net) -> None:
    for _ in range(4):
        register(registry)
    cosign(registry.keys.published, net.send)
    with database.writing(registry.engine) as connection:  # the operator rewrites entry 1 and all above it
        connection.execute(text("UPDATE log_nodes SET hash = :h WHERE level > 0"), {"h": bytes(32)})
    register(registry)
    net.restart()
    done = cosign(registry.keys.published, net.send)
    assert done.signed == ()
    assert all("422" in problem for problem in done.refused.values())


def test_the_statuses_of_the_protocol(registry: Registry, net: Net) -> None:
    for _ in range(3):
        register(registry)
    log, client = registry.log, net.apps[ADDRESSES[0].url]

    def ask(body: str | bytes) -> tuple[int, str]:
        answer = client.post("/add-checkpoint", content=body)
        return answer.status_code, answer.text

    good = AddCheckpoint(0, (), log.checkpoint())
    assert ask(good.to_text())[0] == 200
    answer = client.post("/add-checkpoint", content=good.to_text())
    assert (answer.status_code, answer.text) == (409, "3\n")
    assert answer.headers["content-type"].startswith(SIZE_TYPE)
    assert ask(b"\xff")[0] == ask("nonsense")[0] == ask(replace(good, old_size=9).to_text())[0] == 400
    register(registry)
    wrong = AddCheckpoint(3, (bytes(32),), log.checkpoint())
    assert ask(wrong.to_text())[0] == 422
    other = NoteSigner("example.com/other", Ed25519Signer.generate())
    assert (
        ask(AddCheckpoint(0, (), sign_checkpoint(Checkpoint(other.name, 1, bytes(32)), other)).to_text())[0]
        == 404
    )
    impostor = NoteSigner(log.origin, Ed25519Signer.generate())
    forged = sign_checkpoint(Checkpoint(log.origin, 4, bytes(32)), impostor)
    assert ask(AddCheckpoint(3, (), forged).to_text())[0] == 403
    assert ask(b"x" * 100_000)[0] == 413
    assert client.get("/key").text.strip() == NAMES[0].cosigner_key.vkey


def test_the_state_moves_only_from_where_it_was_read(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "state.db")
    first, second = Checkpoint("a", 1, b"1" * 32), Checkpoint("a", 2, b"2" * 32)
    assert state.advance(None, first)
    assert not state.advance(None, second)
    assert SqliteState(tmp_path / "state.db").latest("a") == first
    assert state.advance(first, second)
    assert state.latest("b") is None


@pytest.mark.parametrize(
    "wrong",
    ["", "x http://a", ADDRESSES[0].key.vkey, ADDRESSES[0].key.vkey + " file:///x"],
    ids=["empty", "no-key", "no-address", "other-scheme"],
)
def test_a_wrong_witness_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput):
        WitnessAddress.parse(wrong)


def test_a_frontier_is_the_tree() -> None:
    frontier = Frontier()
    leaves: list[bytes] = []
    for i in range(70):
        assert frontier.root() == root_hash(leaves)
        leaves.append(leaf_hash(b"%d" % i))
        frontier.append(leaves[-1])


def test_the_monitor_reads_all_and_notices_a_rewritten_past(tmp_path: Path) -> None:
    state = tmp_path / "monitor.json"
    with serve(tmp_path / "home") as client:
        registry = parts(client).registry

        def fetch(path: str) -> bytes:
            answer = client.get(f"/v1/log/{path}")
            assert answer.status_code == 200, path
            return answer.content

        made = register(registry)
        seen = watch(fetch, registry.log.key, state, record_ids=frozenset({made.record_id}))
        assert (seen.old_size, seen.size, seen.types) == (0, 1, {"register": 1})
        assert [index for index, _ in seen.hits] == [0]
        for _ in range(2):
            register(registry)
        seen = watch(fetch, registry.log.key, state, keyids=frozenset({registry.keys.signer("record").keyid}))
        assert (seen.old_size, seen.size, len(seen.hits)) == (1, 3, 2)
        assert client.get("/v1/log/witnessed").status_code == 404
        entry = LogEntry("register", "ab" * 8, 1, "ab" * 32, "ab" * 32).to_bytes()
        with database.writing(registry.engine) as connection:
            connection.execute(text("UPDATE log_leaves SET entry = :e WHERE leaf_index = 2"), {"e": entry})
        other = tmp_path / "other.json"
        with pytest.raises(ProofError, match="rewritten"):
            watch(fetch, registry.log.key, other)
        assert not other.exists()
        with database.writing(registry.engine) as connection:
            shorter = Checkpoint(registry.log.origin, 2, tree.ask(connection, 2, MerkleLog.root))
            checkpoints.put_head(connection, 2, sign_checkpoint(shorter, registry.keys.note_signer()))
        with pytest.raises(ProofError, match="shrank"):
            watch(fetch, registry.log.key, state)
        stranger = NoteSigner(registry.log.origin, Ed25519Signer.generate()).key
        with pytest.raises(VerificationError):
            watch(fetch, stranger, state)


def test_tiles_beyond_the_first_are_read(tmp_path: Path) -> None:
    entries = [LogEntry("register", f"{i:016x}", 1, "ab" * 32, "cd" * 32).to_bytes() for i in range(600)]
    signer = NoteSigner("example.com/log", Ed25519Signer.generate())
    size = 300

    def fetch(path: str) -> bytes:
        if path == "checkpoint":
            root = root_hash([leaf_hash(e) for e in entries[:size]])
            return sign_checkpoint(Checkpoint(signer.name, size, root), signer).encode()
        name, _, width = path.removeprefix("tile/entries/").partition(".p/")
        first = 256 * int(name)
        some = entries[first : first + int(width or 256)]
        return b"".join(len(e).to_bytes(2, "big") + e for e in some)

    assert watch(fetch, signer.key, tmp_path / "state").size == 300
    size = 600
    found = watch(fetch, signer.key, tmp_path / "state", record_ids=frozenset({f"{599:016x}"}))
    assert (found.old_size, found.size, found.hits[0][0]) == (300, 600, 599)
