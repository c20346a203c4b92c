"""Signed reports, read and verified: of an audit, or of a comparison of two files.

A report is a DSSE envelope over canonical JSON. Its payload type says what it is about, and the statement's
own schema must say the same. It verifies offline (`verify_report`).
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from api.audit.json_form import Json
from api.compare.comparison import ROLES
from api.report.words import claim, comparison
from core.errors import ProofError, SignatureError, TrackmarkError
from provenance.records import envelope as dsse
from provenance.records import report as report_format
from provenance.records import verify as offline
from provenance.records.trust import TrustedKeys

SUFFIX = ".report.dsse.json"
MOST_LINES = 20
"""Stretches of a comparison that are told on a terminal; the signed file has all."""
Found = Mapping[str, Any]


class UnreadableReport(TrackmarkError):
    """The file is not a report at all."""

    code = "unreadable-report"


@dataclass(frozen=True)
class Named:
    """A file that a report is about.

    Attributes:
        file: what the statement says of it.
        proof: its record with all that proves it; None where the report holds none.
        record: what the findings say of the record that they name.
        record_id: of that record.
    """

    file: Found
    proof: Found | None
    record: Found | None
    record_id: str | None

    @classmethod
    def of(cls, file: Found, proof: Found | None, ownership: Found) -> "Named":
        """By the statement on ownership."""
        return cls(file, proof, ownership["record"], ownership["record_id"])

    @property
    def claim(self) -> Json | None:
        """Who claims what, by a record that verified when the report was made; None without one."""
        if self.record is None or not self.record.get("verified"):
            return None
        return {
            "record_id": self.record_id,
            "title": self.record["title"],
            "owners": [owner["name"] for owner in self.record["owners"]],
            "claim_status": self.record.get("claim_status"),
        }


@dataclass(frozen=True)
class CheckedReport(ABC):
    """A report that verified, and what that rests on.

    Attributes:
        report: the signed statement.
        keyid: key that signed it.
        records: by file, the records inside that were verified too.
        checkpoint_size: entries in the log when the report was made, or None.
        held: the files that the reader holds and that were compared with the report's.
    """

    kind: ClassVar[str]
    schema: ClassVar[str]
    title: ClassVar[str]

    report: Found
    keyid: str
    records: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    checkpoint_size: int | None = None
    held: frozenset[str] = frozenset()

    @classmethod
    @abstractmethod
    def files(cls, report: Found) -> Mapping[str, Named]:
        """The files of a statement, by what they are to it."""

    @abstractmethod
    def findings(self) -> Json:
        """What was found, as JSON."""

    @abstractmethod
    def _result(self) -> Iterator[str]:
        """The same for people."""

    @property
    def audio_checked(self) -> bool:
        """Whether every file that the report is about was compared with one that the reader holds."""
        return self.held == frozenset(self.files(self.report))

    def to_dict(self) -> Json:
        """Return the JSON form."""
        return {
            "verified": True,
            "kind": self.kind,
            "keyid": self.keyid,
            "report_id": self.report["report_id"],
            "created_at": self.report["created_at"],
            **self.findings(),
            "claims": {name: one.claim for name, one in self._claimed()},
            "checkpoint_size": self.checkpoint_size,
            "audio_checked": self.audio_checked,
        }

    def lines(self) -> list[str]:
        """The same for people."""
        lines = [
            f"a report of {self.title}",
            f"signed by key {self.keyid[:16]} at {self.report['created_at']}, unchanged since",
        ]
        for name, one in self.files(self.report).items():
            here = " (this is that file)" if name in self.held else ""
            lines.append(f"{self._about(name)} {one.file['name']!r}, sha256 {one.file['sha256']}{here}")
        lines += [f"record {found}: signature and log proof verify" for found in self.records.values()]
        for _, one in self._claimed():
            lines.append(f"record {one.record_id} claims: {claim(one.record or {})}")
        if self.records:
            lines.append("what was logged later, such as a revocation, cannot be seen from it; ask the log")
        if self.checkpoint_size is not None:
            entries = "entry" if self.checkpoint_size == 1 else "entries"
            lines.append(f"checkpoint of a log with {self.checkpoint_size} {entries}: signature verifies")
        return [*lines, *self._result()]

    def _claimed(self) -> Iterator[tuple[str, Named]]:
        """The files whose record is inside and verified."""
        every = self.files(self.report).items()
        return ((name, one) for name, one in every if name in self.records and one.claim is not None)

    def _about(self, _name: str) -> str:
        return "about"


class CheckedAudit(CheckedReport):
    """The report of an audit."""

    kind = "audit"
    schema = "trackmark/audit-report/v1"
    title = "an audit of one file"

    @classmethod
    def files(cls, report: Found) -> Mapping[str, Named]:
        """The audited file."""
        owned = report["findings"]["ownership"]
        return {"file": Named.of(report["file"], report.get("record"), owned)}

    def findings(self) -> Json:
        """The file, the decision and the record."""
        return {
            "audited_file": self.report["file"],
            "decision": self.report["findings"]["decision"],
            "record_id": self.records.get("file"),
        }

    def _result(self) -> Iterator[str]:
        decision = self.report["findings"]["decision"]
        yield f"decision: {decision['action']} by {decision['policy']}"
        yield from (f"  · {rule['text']}" for rule in decision["rules"])


class CheckedComparison(CheckedReport):
    """The report of a comparison."""

    kind = "comparison"
    schema = "trackmark/comparison-report/v1"
    title = "a comparison of two files"

    @classmethod
    def files(cls, report: Found) -> Mapping[str, Named]:
        """The original and the suspect."""
        found, proofs = report["findings"], report.get("records") or {}
        return {
            role: Named.of(report["files"][role], proofs.get(role), found[role]["ownership"])
            for role in ROLES
        }

    def findings(self) -> Json:
        """The files, what both share, and the records."""
        found = self.report["findings"]
        return {
            "compared_files": self.report["files"],
            "same_bytes": found["same_bytes"],
            "alignment": found["alignment"],
            "record_ids": {role: self.records.get(role) for role in ROLES},
        }

    def _about(self, name: str) -> str:
        return f"{name}:"

    def _result(self) -> Iterator[str]:
        found = self.report["findings"]
        stretches = found["alignment"]["stretches"]
        yield f"result: {comparison.heard(found).answer}"
        yield from (f"  · {comparison.stretch(one)}" for one in stretches[:MOST_LINES])
        if len(stretches) > MOST_LINES:
            yield f"  · and {len(stretches) - MOST_LINES} more in the signed file"


KINDS: Mapping[str, type[CheckedReport]] = {
    report_format.PAYLOAD_TYPE: CheckedAudit,
    report_format.COMPARISON_TYPE: CheckedComparison,
}
"""By payload type."""


def expected(report: Found, kind: type[CheckedReport], keyid: str, size: int | None) -> CheckedReport:
    """What a verification of a statement answers where all of it holds, and its reader has the files."""
    files = kind.files(report)
    records = {name: str(one.record_id) for name, one in files.items() if one.proof is not None}
    return kind(report, keyid, records, size, frozenset(files))


def read_report(path: Path) -> tuple[Json, type[CheckedReport]]:
    """The statement inside a report and its kind, NOT verified: for display only.

    Raises:
        UnreadableReport: the file is not a report.
    """
    return _read(_bytes_of(path), str(path))


def verify_report(path: Path, keys: TrustedKeys, *, audio: Sequence[Path] = ()) -> CheckedReport:
    """Verify a report without network or server.

    Args:
        path: the report.
        keys: keys that the reader trusts, by purpose.
        audio: files of which the report must be about each, byte for byte.

    Raises:
        UnreadableReport: the file is not a report.
        SignatureError: no trusted key signed it, or a signature inside does not verify.
        ProofError: a record inside is not in the log, or the report is not about one of `audio`.
    """
    checked = verify_signed(_bytes_of(path), keys, str(path))
    return replace(checked, held=frozenset(name for file in audio for name in _held(checked, file)))


def verify_signed(data: bytes, keys: TrustedKeys, name: str) -> CheckedReport:
    """Verify the bytes of a report; `name` is what messages call it, errors are those of `verify_report`."""
    if _envelope(data, name).payload_type not in KINDS:
        _read(data, name)  # what says that it is a report, and is not as it was signed, was changed
    verified = offline.verify_report(data, keys)
    report, kind = verified.report, KINDS[verified.payload_type]
    if report.get("schema") != kind.schema:
        raise SignatureError(
            f"the report is of schema {report.get('schema')!r}; this version reads {kind.schema}"
        )
    try:
        return _checked(report, kind, verified.keyids[0], keys)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # signed, and yet no whole report
        raise lacking(name, error) from error


def lacking(name: str, error: Exception) -> UnreadableReport:
    """What is said of a statement that lacks what every report has."""
    return UnreadableReport(f"{name} lacks parts of a report ({type(error).__name__}: {error})")


def _checked(report: Found, kind: type[CheckedReport], keyid: str, keys: TrustedKeys) -> CheckedReport:
    records = {}
    for name, one in kind.files(report).items():
        if one.proof is not None:
            records[name] = _record(one.proof, keys)
            if records[name] != one.record_id:
                raise ProofError("the record inside the report is not the one that its findings name")
    checked = kind(report, keyid, records, _checkpoint_size(report["log"]["checkpoint"], keys))
    checked.lines()  # nobody is to be answered with half of it
    return checked


def _record(proof: Found, keys: TrustedKeys) -> str:
    """The record that a proof proves."""
    envelope, salt = json.dumps(proof["envelope"]).encode(), bytes.fromhex(proof["salt"])
    return offline.verify_record(envelope, keys, proof["tlog_proof"], salt).record.record_id


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableReport(f"{path}: cannot be opened ({error.strerror or error})") from error


def _read(data: bytes, name: str) -> tuple[Json, type[CheckedReport]]:
    envelope = _envelope(data, name)
    try:
        return report_format.from_payload(envelope.payload), KINDS.get(envelope.payload_type, CheckedAudit)
    except SignatureError as error:
        raise UnreadableReport(f"{name} is not a report: {error}") from error


def _envelope(data: bytes, name: str) -> dsse.Envelope:
    try:
        return dsse.Envelope.from_json(data)
    except SignatureError as error:
        raise UnreadableReport(f"{name} is not a report: {error}") from error


def _checkpoint_size(note: str | None, keys: TrustedKeys) -> int | None:
    if not note:
        return None
    from provenance.records.checkpoint import verify_checkpoint

    return verify_checkpoint(note, keys.log).checkpoint.size


def _held(checked: CheckedReport, audio: Path) -> list[str]:
    """Which of the report's files a file is; raises `ProofError` where it is none."""
    with audio.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    files = checked.files(checked.report)
    held = [name for name, one in files.items() if one.file["sha256"] == digest]
    if not held:
        which = "the file" if len(files) == 1 else "a file"
        raise ProofError(f"{audio} is not {which} of the report: its sha256 is {digest}")
    return held
