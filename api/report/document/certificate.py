"""A certificate of registration: what a verified record says, what proves it, and what it does not prove."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.report.document import proving
from api.report.document.blocks import (
    Answer,
    Block,
    Document,
    Facts,
    Points,
    Section,
    Table,
    Terminal,
    Text,
    Tone,
    made_legible,
)
from api.report.document.custody import HEAD, of_record, registry_named
from api.report.document.examined import record_facts
from api.report.numbers import moment_text
from api.report.words.log import UNSIGNED
from api.report.words.provenance import owners
from api.report.words.record import declared_ai
from api.report.words.terms import TERMS

STATUS: dict[str, tuple[str, Tone, str]] = {
    "registered": ("Registered", "good", "The claim stands; nobody disputes it in this registry's log."),
    "disputed": (
        "Registered, disputed",
        "warn",
        "A dispute about this claim is open. Do not rely on it alone.",
    ),
    "revoked": ("Revoked", "bad", "The record was withdrawn. Do not rely on it."),
}
EVENTS = {
    "register": "registration",
    "amend": "amendment",
    "transfer": "transfer of shares",
    "dispute.open": "dispute",
    "dispute.close": "end of a dispute",
    "revoke": "revocation",
}
"""What each kind of entry is called."""
PROVES = (
    "That the claim was signed by the key named here, and entered in the log at the place named here.",
    "That neither has been changed since: one altered character breaks a signature or the proof.",
)
PROVES_NOT = (
    "That the claim is true: a registry writes down who claims what; it does not examine titles.",
    "That nobody else has an older or better right, here or in another registry.",
    "Anything that was entered in the log after the state named here. Ask for the state of today.",
)


@dataclass(frozen=True)
class Registered:
    """A verified record and what vouches for it.

    Attributes:
        record: what it says today, with `record_id` and `verified` (`api.registry.summary.known`).
        as_of: when the newest of its events was entered, by the log's own clock, ISO 8601.
        log: the log's name, empty where none has signed.
        entries: (type, log entry, when signed) of every event, in log order.
        sha256: digest of the decoded samples that the record names.
        address: the public address of the registry, or None.
        verify_at: where everybody can verify, or None.
    """

    record: Mapping[str, Any]
    as_of: str
    log: str
    entries: tuple[tuple[str, int, str], ...]
    sha256: str
    address: str | None = None
    verify_at: str | None = None


def certificate(told: Registered) -> Document:
    """The certificate of a record, in the state of its newest event."""
    record = told.record
    record_id = str(record["record_id"])
    word, tone, text = STATUS.get(record["status"], STATUS["registered"])
    unsigned = record.get("log_signed") is False
    return made_legible(
        Document(
            title="Certificate of registration",
            subject=f"“{record['title']}”",
            number=f"record {record_id}",
            created_at=told.as_of,
            notice=f"Nothing proves the place in the log: {UNSIGNED}." if unsigned else "",
            identity=(
                ("Record", record_id),
                ("State of", f"{moment_text(told.as_of)}, log entry {told.entries[-1][1]}"),
                ("Registry", registry_named(told.log)),
                ("Signed by key", str(record["keyids"][0])),
                ("SHA-256 of the sound", told.sha256),
            ),
            verdict=Answer("Status of the claim", word, text, tone),
            summary=(
                Section("In short", (Text(_in_short(record)),)),
                Section("What is registered", (Facts(tuple(record_facts(record))),)),
                Section("What this certificate proves", (Points(PROVES),)),
                Section("What it does not prove", (Points(PROVES_NOT),)),
            ),
            answers=(),
            answers_under="",
            picture=None,
            sections=(
                Section("Chain of custody", (Table(HEAD, tuple(of_record(record)), (20, 18, 34, 28)),)),
                _entries(told),
                _verifying(told),
                Section("Terms", (Facts(tuple(term for term in TERMS if term[0] in USED)),)),
            ),
            address=told.verify_at,
            closing="Each event of the record was verified, signature and log proof, when this was made.",
        )
    )


USED = ("checkpoint", "dispute", "ISRC", "key id", "log", "record", "revocation", "SHA-256", "witness")
"""The terms that a certificate uses."""


def _in_short(record: Mapping[str, Any]) -> str:
    when = moment_text(record["logged_at"]) if record.get("logged_at") else "a time that is not told"
    return (
        f"{record['issuer']} states that “{record['title']}” belongs to {owners(record)}. The statement was "
        f"entered in the registry's log on {when}, by the log's own clock. "
        f"On AI it says: {declared_ai(record)}."
    )


def _entries(told: Registered) -> Section:
    rows = tuple(
        (str(index), EVENTS.get(kind, kind), moment_text(when)) for kind, index, when in told.entries
    )
    return Section("Entries of the log", (Table(("Entry", "What", "Signed"), rows, (15, 40, 45)),))


def _verifying(told: Registered) -> Section:
    blocks: tuple[Block, ...] = (
        Text(
            "This page repeats signed data and proves nothing by itself. The PDF carries that data as "
            "attachments. Save them all into an empty folder, with a PDF reader or with:"
        ),
        Terminal(("pdfdetach -saveall -o FOLDER CERTIFICATE.pdf",)),
        Text("Then, without a network and without the registry:"),
        Terminal(("trackmark verify FOLDER --keys registry-keys.json",)),
        Text("Compare the whole key id with the one that the registry publishes:"),
        Facts((("Key of this record", str(told.record["keyids"][0])),), code=True),
        Text(
            f"Take registry-keys.json from the registry itself: {proving.where(told.address)}. The list "
            "among the attachments proves only that they belong together."
        ),
    )
    return Section("How to verify this certificate", blocks)
