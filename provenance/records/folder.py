"""A folder that can be verified offline: how it is laid out, checked and explained.

keys.json                  the keys to trust (compare their ids with the published ones)
NAME.record.dsse.json      a signed revision of a record
NAME.event.dsse.json       a dispute, its settlement, or a revocation
NAME.report.dsse.json      a signed report
NAME.key.dsse.json         a key event (rotation, revocation), with its proof and salt
NAME.tlog-proof            its proof (optional)  NAME.salt               32 bytes in hex (with the proof)
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.counted import counted
from core.errors import ProofError, TrackmarkError, VerificationError
from provenance.records.envelope import MAX_ENVELOPE_BYTES, Envelope
from provenance.records.keyevents import LoggedEvent, follow
from provenance.records.state import VerifiedStatement, verify_statement
from provenance.records.trust import TrustedKeys
from provenance.records.verify import VerifiedRecord, VerifiedReport, verify_record, verify_report
from provenance.records.words import (
    KEY_NOTES,
    UNSEEN,
    Check,
    Verified,
    check_heads,
    check_life,
    conclude,
    describe,
    describe_log,
    record_id_of,
)

MAX_FILES = 10_000
RECORD_SUFFIX = ".record.dsse.json"
STATEMENT_SUFFIX = ".event.dsse.json"
REPORT_SUFFIX = ".report.dsse.json"
EVENT_SUFFIX = ".key.dsse.json"
_VERIFIERS: dict[str, Callable[..., Verified]] = {
    RECORD_SUFFIX: verify_record,
    STATEMENT_SUFFIX: verify_statement,
    REPORT_SUFFIX: verify_report,
}
_LABELS = {True: "ok  ", False: "FAIL", None: "note"}


class FolderError(TrackmarkError):
    """The folder cannot be read, or there is nothing in it to verify."""


def bundle(
    name: str,
    keys: TrustedKeys,
    *,
    record: Envelope | None = None,
    statement: Envelope | None = None,
    report: Envelope | None = None,
    tlog_proof: str | None = None,
    salt: bytes | None = None,
) -> dict[str, bytes]:
    """The files of such a folder for one record, statement or report, by file name."""
    files = {"keys.json": keys.to_json()}
    if record is not None:
        files[name + RECORD_SUFFIX] = record.to_json()
    if statement is not None:
        files[name + STATEMENT_SUFFIX] = statement.to_json()
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
    verified: list[Verified] = []
    found = False
    for path in paths:
        for suffix in _VERIFIERS:
            if path.name.endswith(suffix):
                found = True
                result = _check_file(path, suffix, keys, witnesses, checks)
                if result is not None:
                    verified.append(result)
    if not found:
        raise FolderError(f"{folder} holds no {', '.join('*' + suffix for suffix in _VERIFIERS)} file")
    checks.extend(check_heads(verified))
    lives: dict[str, list[VerifiedRecord | VerifiedStatement]] = {}
    for item in verified:
        if not isinstance(item, VerifiedReport):
            lives.setdefault(record_id_of(item), []).append(item)
    checks.extend(check_life(record_id, events) for record_id, events in sorted(lives.items()))
    return checks


def _check_file(
    path: Path, suffix: str, keys: TrustedKeys, witnesses: int, checks: list[Check]
) -> Verified | None:
    stem = path.name.removesuffix(suffix)
    proof_path, salt_path = path.with_name(f"{stem}.tlog-proof"), path.with_name(f"{stem}.salt")
    envelope = _read(path)
    check = _VERIFIERS[suffix]
    try:
        # Whether the keys were alive at the time is told by the proof, so it is judged with it.
        signed = check(envelope, replace(keys, lives=()) if proof_path.exists() else keys)
    except TrackmarkError as error:
        checks.append(Check(path.name, False, f"signature or content: {error}"))
        return None
    note = "" if proof_path.exists() else KEY_NOTES[signed.key_status]
    checks.append(Check(path.name, True, describe(signed) + note))
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
    checks.append(Check(proof_path.name, True, describe_log(logged.logged) + KEY_NOTES[logged.key_status]))
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
    held = counted(len(events), "rotation or revocation", "rotations or revocations")
    checks.append(Check("key events", True, f"{held}, each signed and logged"))
    return followed


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_ENVELOPE_BYTES:
            raise FolderError(f"{path.name} is larger than {MAX_ENVELOPE_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise FolderError(f"cannot read {path.name}: {error.strerror}") from error


def main(arguments: list[str]) -> int:
    """The command line.

    Returns:
        0 if all holds; 1 if something fails, or a record is disputed or was revoked; 3 if unreadable.
    """
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
    write(f"note  {UNSEEN}\n")
    passed, verdict = conclude(checks)
    write(f"{verdict}\n")
    return 0 if passed else 1
