"""Chain of custody: who said what of this recording, when, by which key, and what vouches for it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from api.language import _, later, named
from api.report.document.blocks import Section, Table
from api.report.numbers import moment_text
from core import clock

Found = Mapping[str, Any]
Row = tuple[str, str, str, str]
HEAD = (later("When"), later("Who"), later("What"), later("What vouches for it"))
STATEMENTS = {
    "dispute.open": later("disputes the claim"),
    "dispute.close": later("declares the dispute closed"),
    "revoke": later("revokes the record"),
}


def head() -> Row:
    """The head of the table."""
    when, who, what, vouches = HEAD
    return _(when), _(who), _(what), _(vouches)


def chain(rows: tuple[Row, ...]) -> Section:
    """The section."""
    return Section(_("Chain of custody"), (Table(head(), rows, (20, 18, 34, 28)),))


def custody(report: Found, sides: Sequence[Found], does: str) -> tuple[Row, ...]:
    """The rows of the chain, the report itself last.

    Args:
        report: the signed statement.
        sides: what was found of each file that it is about.
        does: what the software did, in words.
    """
    rows = [
        row
        for found in sides
        for row in (
            *of_record(found["ownership"].get("record") or {}),
            *_rivals(found["ownership"]),
            *_credentials(found["credentials"]),
        )
    ]
    return (*dict.fromkeys(rows), _report(report, does))


def of_record(record: Found) -> Iterator[Row]:
    """What was said of a verified record, and who vouches for it."""
    if not record.get("verified"):
        return
    if not revised(record):
        yield _claim(
            record,
            _("claims “%(title)s” as record %(record)s", title=record["title"], record=record["record_id"]),
        )
    yield from _entered(record)
    if revised(record):
        yield _claim(
            record,
            _(
                "claims “%(title)s” in revision %(revision)s of the record, entry %(entry)s of the log",
                title=record["title"],
                revision=record["revision"],
                entry=record["leaf_index"],
            ),
        )
    for said in record.get("statements") or ():
        what = f"{named(STATEMENTS, said['type'])}: {said['reason']}"
        yield (
            moment_text(said["issued_at"]),
            said["issuer"],
            what,
            _("signature by %(key)s", key=key(said["keyid"])),
        )


def revised(record: Found) -> bool:
    """Whether a record says another thing than when it was registered; that day vouches for none of it."""
    return bool(record.get("revision", 1) > 1)


def _claim(record: Found, what: str) -> Row:
    vouches = _("signature by %(key)s", key=key(record["keyids"][0]))
    return moment_text(record["issued_at"]), record["issuer"], what, vouches


def _entered(record: Found) -> Iterator[Row]:
    """Since when its registration is in the log, and who has seen it there."""
    index = record.get("first_index", record["leaf_index"])
    if revised(record):
        entry = _("enters record %(record)s as entry %(entry)s", record=record["record_id"], entry=index)
    else:
        entry = _("enters the claim as entry %(entry)s", entry=index)
    vouches = (
        _("signed checkpoint")
        if record.get("log_signed", True)
        else _("nothing yet: no signed checkpoint holds it")
    )
    if record.get("logged_at"):
        clocked = _("the log's own clock; %(vouches)s", vouches=vouches)
        yield moment_text(record["logged_at"]), _("the log"), entry, clocked
    else:
        yield "", _("the log"), entry, vouches
    if record.get("witnessed_at") is not None:
        seen = moment_text(clock.utc_text(datetime.fromtimestamp(record["witnessed_at"], UTC)))
        vouches = _("cosignature or time stamp in the log proof")
        yield _("no later than %(moment)s", moment=seen), _("a witness"), _("had seen the entry"), vouches
    for stamp in record.get("time_stamps") or ():
        root = _("certificate that leads to %(root)s", root=stamp["root"])
        when = _("no later than %(moment)s", moment=moment_text(stamp["stamped_at"]))
        yield when, stamp["authority"], _("had seen the entry"), root


def _rivals(owned: Found) -> Iterator[Row]:
    for claim in owned.get("claims") or ():
        if claim["record_id"] == owned.get("record_id"):
            continue
        what = _("claims the same audio as record %(record)s", record=claim["record_id"])
        when = moment_text(claim["logged_at"]) if claim.get("logged_at") else ""
        yield (
            when,
            ", ".join(claim["owners"]),
            what,
            _("entry %(entry)s of the log", entry=claim["log_index"]),
        )


def _credentials(seen: Found) -> Iterator[Row]:
    if not seen.get("present"):
        return
    when = moment_text(seen["stamped_at"]) if seen.get("stamped_at") else ""
    holds = _("the signature holds") if seen.get("signature_valid") else _("the signature does NOT hold")
    bound = _("the file is unchanged") if seen.get("content_bound") else _("the file was CHANGED since")
    known = _("the signer is known here") if seen.get("trusted") else _("the signer is not known here")
    yield (
        when,
        str(seen.get("signer") or _("unnamed")),
        _("signed the content credentials"),
        f"{holds}; {bound}; {known}",
    )


def _report(report: Found, does: str) -> Row:
    software = report["software"]
    who = f"{software['name']} {software['version']}"
    return (
        moment_text(report["created_at"]),
        who,
        does,
        _("signature of this report"),
    )


def key(keyid: str) -> str:
    """A key by the beginning of its id."""
    return _("key %(key)s", key=keyid[:16])


def issuer(report: Found) -> str:
    """The registry that made the report, by the name of its log."""
    return registry_named(log_of(report)[0])


def registry_named(name: str) -> str:
    """A registry by the name of its log, in words."""
    if not name:
        return _("a registry that keeps no log")
    made_up, _space, own = name.partition("trackmark.invalid/log/")
    return (
        _("a registry that gave itself no name (its log: %(log)s)", log=own)
        if own and not made_up
        else _("registry %(name)s", name=name)
    )


def log_of(report: Found) -> tuple[str, str]:
    """Name and size of the log as the checkpoint in the report states them; empty where there is none."""
    note = (report.get("log") or {}).get("checkpoint")
    lines = str(note or "").split("\n")
    return (lines[0], lines[1]) if len(lines) > 2 else ("", "")
