"""A certificate of registration: what a verified record says, what proves it, and what it does not prove."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.language import _, later, named
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
from api.report.document.custody import chain, of_record, registry_named, revised
from api.report.document.examined import record_facts
from api.report.document.opening import LONGEST_NAME
from api.report.legible import legible
from api.report.numbers import moment_text
from api.report.words.log import UNSIGNED
from api.report.words.provenance import owners
from api.report.words.record import declared_ai
from api.report.words.terms import glossary

STATUS: dict[str, tuple[str, Tone, str]] = {
    "registered": (
        later("Registered"),
        "good",
        later("The claim is entered; no dispute about it stands open in this registry's log."),
    ),
    "disputed": (
        later("Registered, disputed"),
        "warn",
        later("A dispute about this claim is open. Do not rely on it alone."),
    ),
    "revoked": (later("Revoked"), "bad", later("The record was withdrawn. Do not rely on it.")),
}
EVENTS = {
    "register": later("registration"),
    "amend": later("amendment"),
    "transfer": later("transfer of shares"),
    "dispute.open": later("dispute"),
    "dispute.close": later("end of a dispute"),
    "revoke": later("revocation"),
}
"""What each kind of entry is called."""
PROVES = (
    later("That the claim was signed by the key named here, and entered in the log at the place named here."),
    later("That neither has been changed since: one altered character breaks a signature or the proof."),
)
PROVES_NOT = (
    later("That the claim is true: a registry writes down who claims what; it does not examine titles."),
    later("That nobody else has an older or better right, here or in another registry."),
    later("Anything that was entered in the log after the state named here. Ask for the state of today."),
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
            title=_("Certificate of registration"),
            subject=_("“%(title)s”", title=record["title"]),
            number=_("record %(record)s", record=record_id),
            created_at=told.as_of,
            notice=_("Nothing proves the place in the log: %(why)s.", why=_(UNSIGNED)) if unsigned else "",
            identity=(
                (_("Record"), record_id),
                (
                    _("State of"),
                    _(
                        "%(moment)s, log entry %(entry)s",
                        moment=moment_text(told.as_of),
                        entry=told.entries[-1][1],
                    ),
                ),
                (_("Registry"), registry_named(told.log)),
                (_("Record signed by key"), str(record["keyids"][0])),
                (_("SHA-256 of the sound"), told.sha256),
            ),
            verdict=Answer(_("Status of the claim"), _(word), _(text), tone),
            summary=(
                Section(_("In short"), (Text(_in_short(record)),)),
                Section(_("What is registered"), (Facts(tuple(record_facts(record))),)),
                Section(_("Who signed, and how to check it"), (Text(_signed(told)),)),
                Section(_("What this certificate proves"), (Points(tuple(map(_, PROVES))),)),
                Section(_("What it does not prove"), (Points(tuple(map(_, PROVES_NOT))),)),
            ),
            answers=(),
            answers_under="",
            picture=None,
            sections=(
                chain(tuple(of_record(record))),
                _entries(told),
                _verifying(told),
                Section(_("Terms"), (Facts(glossary(*USED)),)),
            ),
            address=told.verify_at,
            closing=_("Each event of the record was verified, signature and log proof, when this was made."),
        )
    )


HOW_TO_VERIFY = later("How to verify this certificate")
USED = (
    "[U+1F3B8]",
    "checkpoint",
    "dispute",
    "ISRC",
    "key id",
    "log",
    "record",
    "revocation",
    "SHA-256",
    "witness",
)
"""The terms that a certificate uses."""


def _in_short(record: Mapping[str, Any]) -> str:
    when = moment_text(record["logged_at"]) if record.get("logged_at") else _("a time that is not told")
    named = {
        "issuer": legible(record["issuer"], LONGEST_NAME),
        "title": legible(record["title"], LONGEST_NAME),
    }
    if revised(record):  # who entered one thing early must not seem to have entered another
        entered = _(
            "The record was entered in the registry's log on %(when)s, by the log's own clock, with what it "
            "said then; what it says now is its revision %(revision)s, entry %(entry)s of the log.",
            when=when,
            revision=record["revision"],
            entry=record["leaf_index"],
        )
    else:
        entered = _(
            "The claim was entered in the registry's log on %(when)s, by the log's own clock.", when=when
        )
    declared = _("On AI it says: %(declared)s.", declared=declared_ai(record))
    return f"{_claimed(record, named)} {entered} {declared}"


def _claimed(record: Mapping[str, Any], named: Mapping[str, str]) -> str:
    own, held = owners(record) == record["issuer"], legible(owners(record), LONGEST_NAME)
    if record["status"] == "revoked":
        if own:
            return _("%(issuer)s claimed “%(title)s” as its own; the record has been revoked since.", **named)
        return _(
            "%(issuer)s claimed “%(title)s” for %(owners)s; the record has been revoked since.",
            owners=held,
            **named,
        )
    if own:
        return _("%(issuer)s claims “%(title)s” as its own.", **named)
    return _("%(issuer)s claims “%(title)s” for %(owners)s.", owners=held, **named)


def _signed(told: Registered) -> str:
    return _(
        "The record was signed with the key %(key)s, and the log's key signs the list that holds it. This "
        "page repeats what they signed and bears no signature of its own. Both were checked when it was "
        "made; how anybody checks them without the registry stands under “%(section)s”.",
        key=str(told.record["keyids"][0])[:16],
        section=_(HOW_TO_VERIFY),
    )


def _entries(told: Registered) -> Section:
    rows = tuple((str(index), named(EVENTS, kind), moment_text(when)) for kind, index, when in told.entries)
    return Section(
        _("Entries of the log"), (Table((_("Entry"), _("What"), _("Signed")), rows, (15, 40, 45)),)
    )


def _verifying(told: Registered) -> Section:
    blocks: tuple[Block, ...] = (
        Text(
            _(
                "This page repeats signed data and proves nothing by itself. The PDF carries that data as "
                "attachments. Save them all into an empty folder, with a PDF reader or with:"
            )
        ),
        Terminal(("pdfdetach -saveall -o FOLDER CERTIFICATE.pdf",)),
        Text(_("Then, without a network and without the registry:")),
        Terminal(("trackmark verify FOLDER --keys registry-keys.json",)),
        Text(_("Compare the whole key id with the one that the registry publishes:")),
        Facts(((_("Key of this record"), str(told.record["keyids"][0])),), code=True),
        Text(
            _(
                "Take registry-keys.json from the registry itself: %(where)s. The list among the attachments "
                "proves only that they belong together.",
                where=proving.where(told.address),
            )
        ),
    )
    return Section(_(HOW_TO_VERIFY), blocks)
