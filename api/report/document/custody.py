"""Chain of custody: who said what of this recording, when, by which key, and what vouches for it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from api.report.numbers import moment_text
from core import clock

Found = Mapping[str, Any]
Row = tuple[str, str, str, str]
HEAD = ("When", "Who", "What", "What vouches for it")
STATEMENTS = {
    "dispute.open": "disputes the claim",
    "dispute.close": "declares the dispute closed",
    "revoke": "revokes the record",
}


def custody(report: Found) -> tuple[Row, ...]:
    """The rows of the chain, the report itself last."""
    found = report["findings"]
    record = found["ownership"].get("record") or {}
    rows = [*of_record(record), *_rivals(found["ownership"]), *_credentials(found["credentials"])]
    return (*rows, _report(report))


def of_record(record: Found) -> Iterator[Row]:
    """What was said of a verified record, and who vouches for it."""
    if not record.get("verified"):
        return
    claimed = f"claims “{record['title']}” as record {record['record_id']}"
    yield (
        moment_text(record["issued_at"]),
        record["issuer"],
        claimed,
        f"signature by {key(record['keyids'][0])}",
    )
    index = record.get("first_index", record["leaf_index"])
    entry = f"enters the claim as entry {index}"
    vouches = (
        "signed checkpoint"
        if record.get("log_signed", True)
        else "nothing yet: no signed checkpoint holds it"
    )
    if record.get("logged_at"):
        yield moment_text(record["logged_at"]), "the log", entry, f"the log's own clock; {vouches}"
    else:
        yield "", "the log", entry, vouches
    if record.get("witnessed_at") is not None:
        seen = moment_text(clock.utc_text(datetime.fromtimestamp(record["witnessed_at"], UTC)))
        yield f"by {seen}", "a witness", "had seen the entry", "cosignature or time stamp in the log proof"
    for stamp in record.get("time_stamps") or ():
        root = f"certificate that leads to {stamp['root']}"
        yield f"by {moment_text(stamp['stamped_at'])}", stamp["authority"], "had seen the entry", root
    for said in record.get("statements") or ():
        what = f"{STATEMENTS.get(said['type'], said['type'])}: {said['reason']}"
        yield moment_text(said["issued_at"]), said["issuer"], what, f"signature by {key(said['keyid'])}"


def _rivals(owned: Found) -> Iterator[Row]:
    for claim in owned.get("claims") or ():
        if claim["record_id"] == owned.get("record_id"):
            continue
        what = f"claims the same audio as record {claim['record_id']}"
        when = moment_text(claim["logged_at"]) if claim.get("logged_at") else ""
        yield when, ", ".join(claim["owners"]), what, f"entry {claim['log_index']} of the log"


def _credentials(seen: Found) -> Iterator[Row]:
    if not seen.get("present"):
        return
    when = moment_text(seen["stamped_at"]) if seen.get("stamped_at") else ""
    holds = "the signature holds" if seen.get("signature_valid") else "the signature does NOT hold"
    bound = "the file is unchanged" if seen.get("content_bound") else "the file was CHANGED since"
    known = "the signer is known here" if seen.get("trusted") else "the signer is not known here"
    yield (
        when,
        str(seen.get("signer") or "unnamed"),
        "signed the content credentials",
        f"{holds}; {bound}; {known}",
    )


def _report(report: Found) -> Row:
    software = report["software"]
    who = f"{software['name']} {software['version']}"
    return (
        moment_text(report["created_at"]),
        who,
        "examines the file that is named above",
        "signature of this report",
    )


def key(keyid: str) -> str:
    """A key by the beginning of its id."""
    return f"key {keyid[:16]}"


def issuer(report: Found) -> str:
    """The registry that made the report, by the name of its log."""
    return registry_named(log_of(report)[0])


def registry_named(name: str) -> str:
    """A registry by the name of its log, in words."""
    if not name:
        return "a registry that keeps no log"
    made_up, _, own = name.partition("trackmark.invalid/log/")
    return (
        f"a registry that gave itself no name (its log: {own})" if own and not made_up else f"registry {name}"
    )


def log_of(report: Found) -> tuple[str, str]:
    """Name and size of the log as the checkpoint in the report states them; empty where there is none."""
    note = (report.get("log") or {}).get("checkpoint")
    lines = str(note or "").split("\n")
    return (lines[0], lines[1]) if len(lines) > 2 else ("", "")
