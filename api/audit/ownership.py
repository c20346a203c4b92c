"""Whose audio is it: the rule that joins watermark, record, fingerprint and credentials.

A watermark can be lifted from one track and laid over another (the copy attack; C2PA 2.3
names the fingerprint as its cure). A decoded mark is therefore an ownership match only if the
audio is the audio of the record that it names.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from api.audit.findings import Json, Ownership
from core import clock

# A sample in a mix is no claim on the whole: a rival must match at least this part of what the best one does.
RIVAL_SHARE = 0.5


def judge(
    watermark: Mapping[str, Any] | None,
    fingerprint: Sequence[Mapping[str, Any]] | None,
    credentials: Mapping[str, Any] | None,
    records: Mapping[str, Mapping[str, Any]],
) -> Ownership:
    """Join the findings into one statement.

    Args:
        watermark: JSON of the detection, or None where the check did not run or could not.
        fingerprint: matches, best first; None where the check did not run or could not (too
            short, silent). An empty list means: compared, and no record's audio.
        credentials: JSON of the content credentials, or None where the check did not run.
        records: summaries of the known records among all ids named above; each has `verified`
            and, when that is False, `problem`.

    Returns:
        `match` mark and fingerprint name the same verified record; `disputed` it is the audio of records of
        different owners, or a dispute is open (see `claims`: the earliest entry of the log comes first);
        `record_revoked` its owner has withdrawn the record; `transplant_suspected` the mark
        names a record whose audio this is not; `mark_removed_or_unmarked` a record's audio without
        its mark; `fingerprint_only` the same where the mark could not be checked; `mark_unconfirmed`
        a mark, and nothing to compare it with; `unknown_mark` a mark that no record explains;
        `record_invalid` the record does not verify; `credentials_only`
        trusted and bound credentials name a record; `no_record`; `not_checked`.
    """
    if watermark is None and fingerprint is None and credentials is None:
        return Ownership("not_checked", "Ownership was not checked.")
    message = watermark["message"] if watermark is not None and watermark["present"] else None
    if message is not None:
        return _marked(str(message), fingerprint, records)
    best = next((m for m in fingerprint or () if m["record_id"] in records), None)
    if best is not None:
        record_id = str(best["record_id"])
        refused = _refused(record_id, records)
        if refused is not None:
            return refused
        contested = _contested(record_id, fingerprint, records)
        if contested is not None:
            return contested
        if watermark is None:
            text = (
                f"The audio is that of record {record_id} by its fingerprint; no watermark could be checked."
            )
            return Ownership("fingerprint_only", text, record_id, records[record_id])
        text = (
            f"The audio is that of record {record_id}, without its watermark: "
            "an unmarked original, or a copy whose mark was removed."
        )
        return Ownership("mark_removed_or_unmarked", text, record_id, records[record_id])
    return _named_by_credentials(watermark, fingerprint, credentials, records)


def _marked(
    message: str, fingerprint: Sequence[Mapping[str, Any]] | None, records: Mapping[str, Mapping[str, Any]]
) -> Ownership:
    if message not in records:
        return Ownership(
            "unknown_mark",
            f"The audio carries the mark {message}, made with this registry's key, but it names no record.",
            message,
        )
    refused = _refused(message, records)
    if refused is not None:
        return refused
    if fingerprint is None:
        return Ownership(
            "mark_unconfirmed",
            f"The mark names record {message}; there was not enough audio to compare it with that record.",
            message,
            records[message],
        )
    if any(m["record_id"] == message for m in fingerprint):
        return _contested(message, fingerprint, records) or Ownership(
            "match", f"Watermark and fingerprint both name record {message}.", message, records[message]
        )
    other = fingerprint[0]["record_id"] if fingerprint else None
    return Ownership(
        "transplant_suspected",
        f"The mark names record {message}, but the audio is "
        + (f"that of record {other}." if other else "not that record's.")
        + " The mark may have been copied from another track.",
        message,
        records[message],
    )


def _contested(
    record_id: str, fingerprint: Sequence[Mapping[str, Any]] | None, records: Mapping[str, Mapping[str, Any]]
) -> Ownership | None:
    """Revoked, disputed, or claimed by others too; None where nobody contradicts the record."""
    record = records[record_id]
    if record.get("status") == "revoked":
        text = f"Record {record_id} was revoked: its owner has withdrawn the claim."
        return Ownership("record_revoked", text, record_id, record)
    longest = max((m["matched_s"] for m in fingerprint or ()), default=0.0)
    rivals = [
        str(m["record_id"])
        for m in fingerprint or ()
        if m["record_id"] != record_id
        and m["matched_s"] >= RIVAL_SHARE * longest
        and _stands(records.get(m["record_id"]))
        and _owners(records[m["record_id"]]) != _owners(record)
    ]
    claims = sorted(
        (_claim(name, records[name]) for name in dict.fromkeys([record_id, *rivals])),
        key=lambda claim: claim["log_index"],
    )
    if rivals:
        told = "; ".join(f"record {c['record_id']} of {', '.join(c['owners'])} ({_when(c)})" for c in claims)
        text = f"{len(claims)} records of different owners claim this audio, the earliest first: {told}."
        first = str(claims[0]["record_id"])
        return Ownership("disputed", text, first, records[first], tuple(claims))
    if record.get("status") == "disputed":
        text = f"The claim of record {record_id} ({_when(claims[0])}) is disputed."
        return Ownership("disputed", text, record_id, record, tuple(claims))
    return None


def _stands(record: Mapping[str, Any] | None) -> bool:
    return record is not None and bool(record.get("verified")) and record.get("status") != "revoked"


def _owners(record: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(owner["name"]).casefold() for owner in record["owners"])


def _claim(record_id: str, record: Mapping[str, Any]) -> Json:
    return {
        "record_id": record_id,
        "owners": list(dict.fromkeys(owner["name"] for owner in record["owners"])),
        "log_index": record.get("first_index", record["leaf_index"]),
        "logged_at": record.get("logged_at"),
        "witnessed_at": record.get("witnessed_at"),
    }


def _when(claim: Json) -> str:
    """The place in the log is proven; its clock is the log's own unless somebody else has told a time."""
    text = f"entry {claim['log_index']} of the log"
    if claim["logged_at"] is not None:
        text += f", written {claim['logged_at'][:19]}Z by the log's own clock"
    if claim["witnessed_at"] is not None:
        seen = datetime.fromtimestamp(claim["witnessed_at"], UTC)
        text += f", seen by a third party by {clock.utc_text(seen)}"
    return text


def _refused(record_id: str, records: Mapping[str, Mapping[str, Any]]) -> Ownership | None:
    record = records[record_id]
    if record.get("verified"):
        return None
    return Ownership(
        "record_invalid",
        f"Record {record_id} does not verify: {record.get('problem')}.",
        record_id,
        record,
    )


def _named_by_credentials(
    watermark: Mapping[str, Any] | None,
    fingerprint: Sequence[Mapping[str, Any]] | None,
    credentials: Mapping[str, Any] | None,
    records: Mapping[str, Mapping[str, Any]],
) -> Ownership:
    named = credentials.get("record_id") if credentials else None
    bound = bool(credentials and credentials["valid"] and credentials.get("trusted"))
    if named and bound and named in records:
        return _refused(str(named), records) or Ownership(
            "credentials_only",
            f"Trusted credentials, bound to this file, name record {named}; mark and fingerprint do not.",
            str(named),
            records[str(named)],
        )
    if watermark is None and fingerprint is None:
        return Ownership("not_checked", "Neither the watermark nor the fingerprint could be checked.")
    return Ownership("no_record", "No record of this registry is known for this audio.")
