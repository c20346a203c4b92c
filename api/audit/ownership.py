"""Whose audio is it: the rule that joins watermark, record, fingerprint and credentials.

A watermark can be lifted from one track and laid over another (the copy attack; C2PA 2.3
names the fingerprint as its cure). A decoded mark is therefore an ownership match only if the
audio is the audio of the record that it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from api.audit.findings import Json, Ownership
from core import clock

# A sample in a mix is no claim on the whole: a rival must match at least this part of what the best one does.
# And a dispute is two owners of the same stretch: at least this part of the shorter lies in the other.
RIVAL_SHARE = 0.5


def judge(
    watermark: Mapping[str, Any] | None,
    fingerprint: Sequence[Mapping[str, Any]] | None,
    credentials: Mapping[str, Any] | None,
    records: Mapping[str, Mapping[str, Any]],
    gaps: Mapping[str, str] | None = None,
) -> Ownership:
    """Join the findings into one statement.

    Args:
        watermark: JSON of the detection, or None where the check did not run or could not.
        fingerprint: matches, best first; None where the check did not run or could not (too
            short, silent). An empty list means: compared, and no record's audio.
        credentials: JSON of the content credentials, or None where the check did not run.
        records: summaries of the known records among all ids named above; each has `verified`
            and, when that is False, `problem`.
        gaps: why a check gave no answer, by its name; a check without a finding or a reason was not asked.

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
    gaps = gaps or {}
    tracks = _tracks(fingerprint, records)
    message = watermark["message"] if watermark is not None and watermark["present"] else None
    if message is not None:
        found = _marked(str(message), fingerprint, records, gaps)
    else:
        found = _unmarked(watermark, fingerprint, credentials, records, gaps)
    return replace(found, tracks=_beside(found, tracks))


def _beside(found: Ownership, tracks: Sequence[Json]) -> tuple[Json, ...]:
    """Say of each track whether it belongs to others than those whom the statement is about."""
    spoken_of = {found.record_id, *(claim["record_id"] for claim in found.claims)}
    named = {name for track in tracks if track["record_id"] == found.record_id for name in track["owners"]}
    return tuple(
        {
            **track,
            "of_others": bool(named)
            and track["record_id"] not in spoken_of
            and set(track["owners"]) != named,
        }
        for track in tracks
    )


def _unmarked(
    watermark: Mapping[str, Any] | None,
    fingerprint: Sequence[Mapping[str, Any]] | None,
    credentials: Mapping[str, Any] | None,
    records: Mapping[str, Mapping[str, Any]],
    gaps: Mapping[str, str],
) -> Ownership:
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
            text = f"The audio is that of record {record_id} by its fingerprint. {_gap('watermark', gaps)}"
            return Ownership("fingerprint_only", text, record_id, records[record_id])
        text = f"The audio is that of record {record_id}, and no watermark was found in it: "
        text += (
            "the original from before it was tagged, or a copy that lost its mark."
            if records[record_id].get("marked")
            else "the record does not say that the track was ever marked."
        )
        return Ownership("mark_removed_or_unmarked", text, record_id, records[record_id])
    return _named_by_credentials(watermark, fingerprint, credentials, records)


def _marked(
    message: str,
    fingerprint: Sequence[Mapping[str, Any]] | None,
    records: Mapping[str, Mapping[str, Any]],
    gaps: Mapping[str, str],
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
            f"The mark names record {message}. {_gap('fingerprint', gaps)}",
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
        text = f"Record {record_id} was revoked: {_said(record, 'revoke')}"
        return Ownership("record_revoked", text, record_id, record)
    longest = max((m["matched_s"] for m in fingerprint or ()), default=0.0)
    own = next((m for m in fingerprint or () if m["record_id"] == record_id), None)
    rivals = [
        str(m["record_id"])
        for m in fingerprint or ()
        if m["record_id"] != record_id
        and m["matched_s"] >= RIVAL_SHARE * longest
        and _same_stretch(m, own)
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
        text = f"The claim of record {record_id} ({_when(claims[0])}) is disputed: "
        text += _said(record, "dispute.open")
        return Ownership("disputed", text, record_id, record, tuple(claims))
    return None


def _said(record: Mapping[str, Any], kind: str) -> str:
    """Who said so, by which key, and what that proves: the name is whatever the writer put there."""
    told = [s for s in record.get("statements") or () if s["type"] == kind]
    if not told:
        return "who said so is not on record."
    last = told[-1]
    text = f"stated in the name of {last['issuer']} ({last['reason']}), signed by key {last['keyid'][:16]}"
    if kind != "revoke":
        return f"{text}. That proves the statement, not that it is right."
    if str(last["issuer"]).casefold() in {*_owners(record), str(record.get("issuer")).casefold()}:
        return f"{text}: the name of an owner or of the issuer on the record."
    return f"{text}. That is no owner on the record: ask its owners whether they withdrew it."


def _gap(check: str, gaps: Mapping[str, str]) -> str:
    """Why a check gave no answer; never a guess at the reason."""
    what = {
        "watermark": "Whether it carries the mark is not known",
        "fingerprint": "Whether the audio is that record's is not known",
    }[check]
    return f"{what}: {gaps.get(check, 'the check was not asked for')}."


def _tracks(
    fingerprint: Sequence[Mapping[str, Any]] | None, records: Mapping[str, Mapping[str, Any]]
) -> tuple[Json, ...]:
    """Every registered track that the audio holds, in the order in which they are heard."""
    found = [
        {
            "record_id": m["record_id"],
            "title": records[m["record_id"]]["title"],
            "owners": sorted({str(owner["name"]) for owner in records[m["record_id"]]["owners"]}),
            "stretches": [dict(stretch) for stretch in m["stretches"]],
            "where": ", ".join(f"{s['start_s']:.0f}-{s['end_s']:.0f} s" for s in m["stretches"]),
            "offset_s": m["offset_s"],
            "speed": m["speed"],
        }
        for m in fingerprint or ()
        if _stands(records.get(m["record_id"]))
    ]
    return tuple(sorted(found, key=lambda t: t["stretches"][0]["start_s"] if t["stretches"] else 0.0))


def _same_stretch(one: Mapping[str, Any], other: Mapping[str, Any] | None) -> bool:
    """Whether two matches are of the same part of the audio; where a place is not known they count as it."""
    if other is None or not one["stretches"] or not other["stretches"]:
        return True
    spans = [[(s["start_s"], s["end_s"]) for s in match["stretches"]] for match in (one, other)]
    common = sum(max(0.0, min(b, d) - max(a, c)) for a, b in spans[0] for c, d in spans[1])
    return bool(common >= RIVAL_SHARE * min(sum(b - a for a, b in span) for span in spans))


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
