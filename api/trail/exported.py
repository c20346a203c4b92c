"""Checking an exported trail without the database: the chain, and the log's entries that commit to it."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.trail.chain import TrailBroken, digest, next_hash, start
from api.trail.rooting import TYPE, payload
from api.trail.trail import Checked
from provenance.records.checkpoint import NoteKey, TlogProof, verify_tlog_proof
from provenance.records.log import LogEntry, commit


def verify(lines: Iterable[str], keys: Sequence[NoteKey]) -> Checked:
    """Check an export.

    Args:
        lines: as they were exported.
        keys: of the log, and of witnesses, that the reader trusts.

    Raises:
        TrailBroken: it is no export, or something in it was changed, left out or added.
        ProofError, SignatureError: the log does not vouch for it.
    """
    hashes: dict[int, bytes] = {}
    rooted, entry, tenant, seq, before = 0, None, "", 0, b""
    for number, line in enumerate(lines):
        said = _read(line, number)
        if number == 0:
            if said.get("trail") != 1 or not isinstance(said.get("tenant"), str):
                raise TrailBroken("the file is no exported audit trail")
            tenant = said["tenant"]
            before = start(tenant)
        elif "seq" in said:
            seq += 1
            if said["seq"] != seq:
                raise TrailBroken(f"line {number + 1} is link {said['seq']}, and {seq} should follow")
            before = hashes[seq] = next_hash(before, _digest(said, tenant, seq))
        else:
            rooted, entry = _rooted(said, tenant, hashes, keys)
    if not tenant:
        raise TrailBroken("the file is empty")
    return Checked(tenant, seq, rooted, entry)


def _read(line: str, number: int) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise TrailBroken(f"line {number + 1} is no JSON object")
    return said


def _digest(said: Mapping[str, Any], tenant: str, seq: int) -> bytes:
    if "event" in said:
        return digest(tenant, seq, said["event"])
    try:
        return bytes.fromhex(said["digest"])
    except (KeyError, TypeError, ValueError):
        raise TrailBroken(f"link {seq} has neither an event nor its digest") from None


def _rooted(
    said: Mapping[str, Any], tenant: str, hashes: Mapping[int, bytes], keys: Sequence[NoteKey]
) -> tuple[int, int]:
    """A root that the log vouches for: its link, and the log's entry."""
    try:
        seq, salt = int(said["root"]), bytes.fromhex(said["salt"])
        data, proof = base64.b64decode(said["entry"], validate=True), str(said["proof"])
    except (KeyError, TypeError, ValueError):
        raise TrailBroken("a root of the export is malformed") from None
    if seq not in hashes:
        raise TrailBroken(f"the log commits to link {seq}, which the export does not have")
    entry = LogEntry.from_bytes(data)
    if entry.type != TYPE or entry.commitment != commit(salt, payload(tenant, seq, hashes[seq])):
        raise TrailBroken(f"the log commits to another link {seq} than the export has")
    verify_tlog_proof(proof, data, keys)
    return seq, TlogProof.from_text(proof).index
