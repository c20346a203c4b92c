"""The log: what appending costs, what entries hold, and that nothing is written twice."""

import math
from dataclasses import replace
from typing import Any

import pytest

from core.errors import ProofError, RecordError
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, commit, leaf_hash


class CountingStore(MemoryNodeStore):
    """Counts reads and writes."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = self.writes = 0

    def get(self, level: int, index: int) -> bytes:
        self.reads += 1
        return super().get(level, index)

    def put(self, level: int, index: int, node: bytes) -> None:
        self.writes += 1
        super().put(level, index, node)


def entry(**changes: Any) -> LogEntry:
    return replace(LogEntry("register", "0" * 16, 1, "1" * 64, "2" * 64), **changes)


def test_appending_and_proving_stay_logarithmic() -> None:
    store = CountingStore()
    log = MerkleLog(store)
    count = 5000
    for number in range(count):
        before = store.reads
        log.append(leaf_hash(b"%d" % number))
        assert store.reads - before <= math.log2(number + 1) + 1
    assert store.writes < 2 * count
    for index in (0, 1, 2048, 4095, 4999):
        store.reads = 0
        log.inclusion_proof(index)
        assert store.reads <= 2 * math.ceil(math.log2(count))
        store.reads = 0
        log.consistency_proof(index + 1)
        assert store.reads <= 3 * math.ceil(math.log2(count))


def test_a_log_resumes_from_its_store_and_size() -> None:
    store = MemoryNodeStore()
    first = MerkleLog(store)
    first.extend(leaf_hash(b"%d" % i) for i in range(13))
    second = MerkleLog(store, 13)
    assert second.append(leaf_hash(b"13")) == 13
    reference = MerkleLog(MemoryNodeStore())
    reference.extend(leaf_hash(b"%d" % i) for i in range(14))
    assert second.root() == reference.root()
    assert second.root(13) == first.root()


def test_a_stale_size_cannot_overwrite_history() -> None:
    store = MemoryNodeStore()
    MerkleLog(store).extend(leaf_hash(b"%d" % i) for i in range(5))
    with pytest.raises(ProofError, match="already"):
        MerkleLog(store, 3).append(leaf_hash(b"forged"))


def test_sizes_and_places_outside_the_log_are_refused() -> None:
    log = MerkleLog(MemoryNodeStore())
    log.append(leaf_hash(b"0"))
    for call in (
        lambda: log.root(2),
        lambda: log.root(-1),
        lambda: log.inclusion_proof(1),
        lambda: log.inclusion_proof(0, 2),
        lambda: log.consistency_proof(2),
        lambda: MerkleLog(MemoryNodeStore(), 4).root(),
    ):
        with pytest.raises(ProofError):
            call()


def test_a_commitment_needs_its_salt() -> None:
    salt = bytes(range(32))
    assert commit(salt, b"payload") != commit(bytes(32), b"payload")
    assert commit(salt, b"payload") != commit(salt, b"payloae")
    with pytest.raises(ProofError, match="32 bytes"):
        commit(salt[:31], b"payload")


def test_an_entry_has_one_spelling() -> None:
    value = entry()
    assert LogEntry.from_bytes(value.to_bytes()) == value
    assert value.to_bytes() == (
        b'{"commitment":"' + b"1" * 64 + b'","keyid":"' + b"2" * 64 + b'","record_id":"' + b"0" * 16
        + b'","revision":1,"type":"register","v":1}'
    )  # fmt: skip
    for damaged in (
        value.to_bytes() + b" ",
        value.to_bytes().replace(b',"v":1', b""),
        value.to_bytes().replace(b'"v":1', b'"v":2'),
        value.to_bytes().replace(b"register", b"whatever"),
        value.to_bytes().replace(b'"revision":1', b'"revision":true'),
        b"[]",
        b"",
    ):
        with pytest.raises((ProofError, RecordError)):
            LogEntry.from_bytes(damaged)
