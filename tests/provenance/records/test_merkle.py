"""RFC 6962 trees: known answers, and every small proof intact and damaged."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import ProofError
from provenance.records.log import MemoryNodeStore, MerkleLog
from provenance.records.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "rfc6962.json").read_text())
SIZES = 64
LEAVES = [leaf_hash(f"entry {i}".encode()) for i in range(SIZES)]


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, written down once more without our code's loops."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def path_by_definition(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*path_by_definition(index, leaves[:split]), by_definition(leaves[split:])]
    return [*path_by_definition(index - split, leaves[split:]), by_definition(leaves[:split])]


def subproof_by_definition(m: int, leaves: list[bytes], complete: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 §2.1.2."""
    if m == len(leaves):
        return [] if complete else [by_definition(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if m <= split:
        return [*subproof_by_definition(m, leaves[:split], complete), by_definition(leaves[split:])]
    return [*subproof_by_definition(m - split, leaves[split:], False), by_definition(leaves[:split])]


@pytest.fixture(scope="module")
def log() -> MerkleLog:
    log = MerkleLog(MemoryNodeStore())
    log.extend(LEAVES)
    return log


def flips(value: bytes, every: int) -> list[bytes]:
    """The value with one bit flipped, for every `every`-th bit."""
    return [
        bytes(byte ^ (1 << bit % 8) if place == bit // 8 else byte for place, byte in enumerate(value))
        for bit in range(0, len(value) * 8, every)
    ]


def test_known_roots_of_the_certificate_transparency_project() -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in VECTORS["inputs"]]
    log = MerkleLog(MemoryNodeStore())
    assert log.root().hex() == VECTORS["empty_root"]
    for size, root in enumerate(VECTORS["roots"], start=1):
        log.append(leaves[size - 1])
        assert root_hash(leaves[:size]).hex() == root
        assert by_definition(leaves[:size]).hex() == root
        assert log.root().hex() == root


def test_known_proofs_of_the_certificate_transparency_project() -> None:
    log = MerkleLog(MemoryNodeStore())
    log.extend(leaf_hash(bytes.fromhex(text)) for text in VECTORS["inputs"])
    for item in VECTORS["inclusion"]:
        proof = log.inclusion_proof(item["index"], item["size"])
        assert [node.hex() for node in proof] == item["proof"]
    for item in VECTORS["consistency"]:
        proof = log.consistency_proof(item["old"], item["new"])
        assert [node.hex() for node in proof] == item["proof"]


def test_every_inclusion_proof_up_to_64(log: MerkleLog) -> None:
    for size in range(1, SIZES + 1):
        root = by_definition(LEAVES[:size])
        assert log.root(size) == root
        for index in range(size):
            proof = log.inclusion_proof(index, size)
            assert list(proof) == path_by_definition(index, LEAVES[:size])
            verify_inclusion(LEAVES[index], index, size, proof, root)


def test_every_inclusion_proof_up_to_64_is_refused_with_one_bit_flipped(log: MerkleLog) -> None:
    for size in range(1, SIZES + 1):
        root = log.root(size)
        for index in range(size):
            proof = log.inclusion_proof(index, size)
            bit = (index * 37 + size) % 256
            for bad in (flips(LEAVES[index], 256 - bit)[-1], flips(LEAVES[index], 256)[0]):
                with pytest.raises(ProofError):
                    verify_inclusion(bad, index, size, proof, root)
            for place, node in enumerate(proof):
                bad_proof = [*proof[:place], flips(node, 256 - bit)[-1], *proof[place + 1 :]]
                with pytest.raises(ProofError):
                    verify_inclusion(LEAVES[index], index, size, bad_proof, root)


def test_each_single_bit_of_a_proof_counts(log: MerkleLog) -> None:
    proof, root = log.inclusion_proof(36, 61), log.root(61)
    for place, node in enumerate(proof):
        for bad in flips(node, 1):
            with pytest.raises(ProofError):
                verify_inclusion(LEAVES[36], 36, 61, [*proof[:place], bad, *proof[place + 1 :]], root)
    for bad in flips(root, 1):
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[36], 36, 61, proof, bad)


def test_inclusion_at_another_place_or_length_is_refused(log: MerkleLog) -> None:
    for size in range(2, 33):
        root = log.root(size)
        for index in range(size):
            proof = log.inclusion_proof(index, size)
            with pytest.raises(ProofError):
                verify_inclusion(LEAVES[index], (index + 1) % size, size, proof, root)
            with pytest.raises(ProofError):
                verify_inclusion(LEAVES[index], index, size, proof[:-1], root)
            with pytest.raises(ProofError):
                verify_inclusion(LEAVES[index], index, size, [*proof, LEAVES[0]], root)
    for index, size in ((-1, 5), (5, 5), (0, 0), (0, 1 << 63)):
        with pytest.raises(ProofError):
            verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


def test_an_inner_node_cannot_pose_as_an_entry_by_a_shorter_proof(log: MerkleLog) -> None:
    # The root itself, and its left child, given as "leaves" whose shortened path does lead to the root.
    for size in range(2, 33):
        root, path = log.root(size), log.inclusion_proof(0, size)
        node = LEAVES[0]
        for height in range(1, len(path) + 1):
            node = node_hash(node, path[height - 1])
            with pytest.raises(ProofError, match="too short"):
                verify_inclusion(node, 0, size, path[height:], root)


def test_every_consistency_proof_up_to_64_and_its_bit_flips(log: MerkleLog) -> None:
    roots = [log.root(size) for size in range(SIZES + 1)]
    for new in range(1, SIZES + 1):
        for old in range(1, new + 1):
            proof = log.consistency_proof(old, new)
            assert list(proof) == subproof_by_definition(old, LEAVES[:new], True)
            verify_consistency(old, new, roots[old], roots[new], proof)
            bit = (old * 31 + new) % 256
            damaged: list[tuple[bytes, bytes, Sequence[bytes]]] = [
                (flips(roots[old], 256 - bit)[-1], roots[new], proof),
                (roots[old], flips(roots[new], 256 - bit)[-1], proof),
            ]
            damaged += [
                (roots[old], roots[new], [*proof[:i], flips(node, 256 - bit)[-1], *proof[i + 1 :]])
                for i, node in enumerate(proof)
            ]
            for old_root, new_root, bad in damaged:
                with pytest.raises(ProofError):
                    verify_consistency(old, new, old_root, new_root, bad)


def test_consistency_edges(log: MerkleLog) -> None:
    verify_consistency(0, 9, EMPTY_ROOT, log.root(9), [])
    for arguments in (
        (0, 9, LEAVES[0], log.root(9), []),
        (0, 9, EMPTY_ROOT, log.root(9), [LEAVES[0]]),
        (9, 9, log.root(9), log.root(9), [LEAVES[0]]),
        (9, 8, log.root(9), log.root(8), []),
        (3, 9, log.root(3), log.root(9), []),
        (3, 9, log.root(3), log.root(9), log.consistency_proof(3, 9)[:-1]),
        (3, 9, log.root(3), log.root(9), [*log.consistency_proof(3, 9), LEAVES[0]]),
        (3, 9, log.root(3), log.root(9), [b"short"]),
        # Growth that is claimed but nowhere to be seen: the same root under a larger size.
        (4, 9, log.root(4), log.root(4), []),
        (8, 16, log.root(8), log.root(8), []),
    ):
        with pytest.raises(ProofError):
            verify_consistency(*arguments)


def test_a_node_cannot_pose_as_a_leaf() -> None:
    inner = node_hash(LEAVES[0], LEAVES[1])
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != inner
