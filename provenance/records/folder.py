"""A folder that can be verified offline: how it is laid out, checked and explained.

keys.json                  the keys to trust (compare their ids with the published ones)
NAME.record.dsse.json      a signed record       NAME.report.dsse.json   a signed report
NAME.key.dsse.json         a key event (rotation, revocation), with its proof and salt
NAME.tlog-proof            its proof (optional)  NAME.salt               32 bytes in hex (with the proof)
"""

import argparse
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from core.errors import ProofError, TrackmarkError, VerificationError
from provenance.records.envelope import MAX_ENVELOPE_BYTES, Envelope
from provenance.records.keyevents import LoggedEvent, follow
from provenance.records.keylife import BEFORE_COMPROMISE, UNDATED, VALID
from provenance.records.trust import TrustedKeys
from provenance.records.verify import LoggedAt, VerifiedRecord, VerifiedReport, verify_record, verify_report

MAX_FILES = 10_000
RECORD_SUFFIX = ".record.dsse.json"
REPORT_SUFFIX = ".report.dsse.json"
EVENT_SUFFIX = ".key.dsse.json"
_KEY_NOTES = {
    VALID: "",
    BEFORE_COMPROMISE: "; its key was stolen later, this was seen before",
    UNDATED: "; its key was retired since, and nothing but its own date tells that this is older",
}
_LABELS = {True: "ok  ", False: "FAIL", None: "note"}


@dataclass(frozen=True)
class Check:
    """One step in plain words: of which file, whether it holds (None: nothing to check), what that means."""

    file: str
    passed: bool | None
    text: str


class FolderError(TrackmarkError):
    """The folder cannot be read, or there is nothing in it to verify."""


def bundle(
    name: str,
    keys: TrustedKeys,
    *,
    record: Envelope | None = None,
    report: Envelope | None = None,
    tlog_proof: str | None = None,
    salt: bytes | None = None,
) -> dict[str, bytes]:
    """The files of such a folder for one record or report, by file name."""
    files = {"keys.json": keys.to_json()}
    if record is not None:
        files[name + RECORD_SUFFIX] = record.to_json()
    if report is not None:
        files[name + REPORT_SUFFIX] = report.to_json()
    if tlog_proof is not None:
        files[name + ".tlog-proof"] = tlog_proof.encode()
    if salt is not None:
        files[name + ".salt"] = salt.hex().encode() + b"\n"
    return files


def verify_folder(folder: Path, keys: TrustedKeys | None = None, *, witnesses: int = 0) -> list[Check]:
    """Check every record and report in a folder.

    Args:
        folder: laid out as above.
        keys: keys to trust; by default the folder's own `keys.json`, which proves only that the files
            belong together.
        witnesses: how many trusted witnesses each checkpoint needs.

    Raises:
        FolderError: unreadable, or nothing to verify.
    """
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise FolderError(f"cannot read {folder}: {error.strerror}") from error
    if len(paths) > MAX_FILES:
        raise FolderError(f"{folder} holds more than {MAX_FILES} files")
    if keys is None:
        keys = TrustedKeys.from_json(_read(folder / "keys.json"))
    checks: list[Check] = []
    keys = _follow_events(paths, keys, witnesses, checks)
    chain: dict[str, list[VerifiedRecord]] = {}
    found = False
    for path in paths:
        for suffix in (RECORD_SUFFIX, REPORT_SUFFIX):
            if path.name.endswith(suffix):
                found = True
                stem = path.name.removesuffix(suffix)
                result = _check_file(path, folder, stem, keys, witnesses, checks)
                if isinstance(result, VerifiedRecord):
                    chain.setdefault(result.record.record_id, []).append(result)
    if not found:
        raise FolderError(f"{folder} holds no *{RECORD_SUFFIX} and no *{REPORT_SUFFIX} file")
    for record_id, revisions in chain.items():
        if len(revisions) > 1:
            checks.append(_check_chain(record_id, revisions))
    return checks


def _check_file(
    path: Path, folder: Path, stem: str, keys: TrustedKeys, witnesses: int, checks: list[Check]
) -> VerifiedRecord | VerifiedReport | None:
    proof_path, salt_path = folder / f"{stem}.tlog-proof", folder / f"{stem}.salt"
    envelope = _read(path)
    check = verify_record if path.name.endswith(RECORD_SUFFIX) else verify_report
    try:
        # Whether the keys were alive at the time is told by the proof, so it is judged with it.
        signed = check(envelope, replace(keys, lives=()) if proof_path.exists() else keys)
    except TrackmarkError as error:
        checks.append(Check(path.name, False, f"signature or content: {error}"))
        return None
    note = "" if proof_path.exists() else _KEY_NOTES[signed.key_status]
    checks.append(Check(path.name, True, _describe(signed) + note))
    if not proof_path.exists():
        unproven = "no log proof is given: the time of the claim is unproven"
        checks.append(Check(path.name, False if witnesses else None, unproven))
        return signed
    try:
        proof = _read(proof_path).decode()
        salt = bytes.fromhex(_read(salt_path).decode().strip()) if salt_path.exists() else None
        logged = check(envelope, keys, proof, salt, witnesses=witnesses)
    except (TrackmarkError, ValueError) as error:
        checks.append(Check(proof_path.name, False, f"log proof: {error}"))
        return signed
    if logged.logged is None:
        raise ProofError("a proof was given but not checked")
    checks.append(Check(proof_path.name, True, _describe_log(logged.logged) + _KEY_NOTES[logged.key_status]))
    return logged


def _follow_events(paths: list[Path], keys: TrustedKeys, witnesses: int, checks: list[Check]) -> TrustedKeys:
    """The keys after the rotations and revocations that lie in the folder."""
    found = [path for path in paths if path.name.endswith(EVENT_SUFFIX)]
    if not found:
        return keys
    try:
        events = []
        for path in found:
            stem = path.name.removesuffix(EVENT_SUFFIX)
            proof = _read(path.with_name(f"{stem}.tlog-proof")).decode()
            salt = bytes.fromhex(_read(path.with_name(f"{stem}.salt")).decode().strip())
            events.append(LoggedEvent(Envelope.from_json(_read(path)), proof, salt))
        followed = follow(keys, events, witnesses=witnesses)
    except (TrackmarkError, ValueError) as error:
        checks.append(Check("key events", False, str(error)))
        return keys
    checks.append(
        Check("key events", True, f"{len(events)} rotations or revocations, each signed and logged")
    )
    return followed


def _check_chain(record_id: str, revisions: list[VerifiedRecord]) -> Check:
    """Each revision present must name the one before it by hash, if that one is present too."""
    by_number = {item.record.revision: item.record for item in revisions}
    name = f"record {record_id}"
    # The same payload may lie there twice, signed by different keys; that is one revision.
    if len(by_number) != len({item.payload for item in revisions}):
        return Check(name, False, "two different records claim the same revision: a fork")
    for number, record in sorted(by_number.items()):
        before = by_number.get(number - 1)
        if before is not None and record.supersedes != before.digest():
            return Check(name, False, f"revision {number} does not follow from revision {number - 1}")
    return Check(name, True, f"revisions {', '.join(map(str, sorted(by_number)))} form one chain")


def _describe(signed: VerifiedRecord | VerifiedReport) -> str:
    keys = ", ".join(keyid[:16] for keyid in signed.keyids)
    if isinstance(signed, VerifiedReport):
        return f"a report, unchanged since it was signed by key {keys}"
    record = signed.record
    owners = ", ".join(party.name for party in record.parties)
    return (
        f"record {record.record_id} revision {record.revision} on {record.asset.title!r}, parties {owners}, "
        f"claimed by {record.issuer.name} (status: {record.claim_status}), "
        f"unchanged since it was signed by key {keys}"
    )


def _describe_log(logged: LoggedAt) -> str:
    head = logged.verified.checkpoint
    text = f"entry {logged.index} of the log {head.origin} at size {head.size}, as its signed checkpoint says"
    earliest = logged.verified.earliest_witness_s
    if earliest is None:
        return text + "; no witness co-signed it, so the log's own word stands for the time"
    seen = datetime.fromtimestamp(earliest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return text + f"; {len(logged.verified.note.times)} witnesses saw it, the first at {seen}"


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_ENVELOPE_BYTES:
            raise FolderError(f"{path.name} is larger than {MAX_ENVELOPE_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise FolderError(f"cannot read {path.name}: {error.strerror}") from error


def main(arguments: list[str]) -> int:
    """The command line. Returns 0 if all holds, 1 if something fails, 3 if the input is unreadable."""
    parser = argparse.ArgumentParser(
        prog="python -m provenance.records.verify", description="Verify records and reports offline."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keys", type=Path, help="keys.json that you trust, from elsewhere than the folder")
    parser.add_argument("--witnesses", type=int, default=0, help="witnesses that each checkpoint needs")
    options = parser.parse_args(arguments)
    write = sys.stdout.write
    try:
        keys = TrustedKeys.from_json(_read(options.keys or options.folder / "keys.json"))
        checks = verify_folder(options.folder, keys, witnesses=options.witnesses)
    except VerificationError as error:
        write(f"FAIL  {error}\n")
        return 1
    except TrackmarkError as error:
        sys.stderr.write(f"unreadable: {error}\n")
        return 3
    for check in checks:
        write(f"{_LABELS[check.passed]}  {check.file}: {check.text}\n")
    for purpose, ids in (
        ("record", [key.keyid for key in keys.record]),
        ("report", [key.keyid for key in keys.report]),
        ("log", [key.vkey for key in keys.log]),
    ):
        for item in ids:
            write(f"      trusted {purpose} key {item}\n")
    if options.keys is None:
        write("note  these keys came with the files; compare them with the ones the issuer publishes\n")
    failed = sum(check.passed is False for check in checks)
    held = sum(check.passed is True for check in checks)
    write(f"{'NOT VERIFIED' if failed else 'VERIFIED'}: {held} of {held + failed} checks hold\n")
    return 1 if failed else 0
