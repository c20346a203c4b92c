"""Whose audio is it: the rule that joins watermark, record, fingerprint and credentials.

A watermark can be lifted from one track and laid over another (the copy attack; C2PA 2.3
names the fingerprint as its cure). A decoded mark is therefore an ownership match only if the
audio is the audio of the record that it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from api.audit.claims import NOT_CHECKED, Claim, Ownership, Record, TrackHeard
from api.audit.findings import CredentialsFound, MatchFound, NotRun, WatermarkFound
from api.audit.result import Matches, told

Records = Mapping[str, Record]

# A sample in a mix is no claim on the whole: a rival must match at least this part of what the best one does.
# And a dispute is two owners of the same stretch: at least this part of the shorter lies in the other.
RIVAL_SHARE = 0.5


def judge(
    watermark: WatermarkFound | NotRun[WatermarkFound],
    fingerprint: Matches | NotRun[Matches],
    credentials: CredentialsFound | NotRun[CredentialsFound],
    records: Records,
) -> Ownership:
    """Join the findings into one statement.

    Args:
        watermark: the detection.
        fingerprint: matches, best first; none means: compared, and no record's audio. Of a comparison that
            could not be finished what it found counts, and what it did not find says nothing.
        credentials: the content credentials.
        records: summaries of the known records among all ids named above.

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
    if all(isinstance(said, NotRun) for said in (watermark, fingerprint, credentials)):
        return NOT_CHECKED
    message = None if isinstance(watermark, NotRun) or not watermark.present else watermark.message
    if message is not None:
        found = _marked(message, fingerprint, records)
    else:
        found = _unmarked(watermark, fingerprint, credentials, records)
    return replace(found, tracks=_beside(found, _tracks(told(fingerprint, ()), records)))


def also_known_as(ownership: Ownership, matches: Matches) -> list[str]:
    """A warning for each further record of the same audio: two parties may claim one track."""
    others = [m.record_id for m in matches if m.record_id != ownership.record_id]
    if ownership.status not in ("match", "mark_removed_or_unmarked", "fingerprint_only"):
        return []
    return [f"the same audio is also registered as record {other}; see who was first" for other in others]


def _beside(found: Ownership, tracks: Sequence[TrackHeard]) -> tuple[TrackHeard, ...]:
    """Say of each track whether it belongs to others than those whom the statement is about."""
    spoken_of = {found.record_id, *(claim.record_id for claim in found.claims)}
    named = {name for track in tracks if track.record_id == found.record_id for name in track.owners}
    return tuple(
        replace(t, of_others=bool(named) and t.record_id not in spoken_of and set(t.owners) != named)
        for t in tracks
    )


def _unmarked(
    watermark: WatermarkFound | NotRun[WatermarkFound],
    fingerprint: Matches | NotRun[Matches],
    credentials: CredentialsFound | NotRun[CredentialsFound],
    records: Records,
) -> Ownership:
    matches = told(fingerprint, ())
    best = next((m for m in matches if m.record_id in records), None)
    if best is not None:
        record_id = best.record_id
        refused = _refused(record_id, records)
        if refused is not None:
            return refused
        contested = _contested(record_id, matches, records)
        if contested is not None:
            return contested
        if isinstance(watermark, NotRun):
            text = f"The audio is that of record {record_id} by its fingerprint. "
            text += f"Whether it carries the mark is not known: {watermark.why}."
            return Ownership("fingerprint_only", text, record_id, records[record_id])
        text = f"The audio is that of record {record_id}, and no watermark was found in it: "
        text += (
            "the original from before it was tagged, or a copy that lost its mark."
            if records[record_id].get("marked")
            else "the record does not say that the track was ever marked."
        )
        return Ownership("mark_removed_or_unmarked", text, record_id, records[record_id])
    return _named_by_credentials(watermark, fingerprint, credentials, records)


def _marked(message: str, fingerprint: Matches | NotRun[Matches], records: Records) -> Ownership:
    if message not in records:
        return Ownership(
            "unknown_mark",
            f"The audio carries the mark {message}, made with this registry's key, but it names no record.",
            message,
        )
    refused = _refused(message, records)
    if refused is not None:
        return refused
    matches = told(fingerprint, ())
    if any(m.record_id == message for m in matches):
        return _contested(message, matches, records) or Ownership(
            "match", f"Watermark and fingerprint both name record {message}.", message, records[message]
        )
    if isinstance(fingerprint, NotRun):
        text = f"The mark names record {message}. Whether the audio is that record's is not known: "
        return Ownership("mark_unconfirmed", f"{text}{fingerprint.why}.", message, records[message])
    other = matches[0].record_id if matches else None
    return Ownership(
        "transplant_suspected",
        f"The mark names record {message}, but the audio is "
        + (f"that of record {other}." if other else "not that record's.")
        + " The mark may have been copied from another track.",
        message,
        records[message],
    )


def _contested(record_id: str, matches: Matches, records: Records) -> Ownership | None:
    """Revoked, disputed, or claimed by others too; None where nobody contradicts the record."""
    record = records[record_id]
    if record.get("status") == "revoked":
        text = f"Record {record_id} was revoked: {_said(record, 'revoke')}"
        return Ownership("record_revoked", text, record_id, record)
    longest = max((m.matched_s for m in matches), default=0.0)
    own = next((m for m in matches if m.record_id == record_id), None)
    rivals = [
        m.record_id
        for m in matches
        if m.record_id != record_id
        and m.matched_s >= RIVAL_SHARE * longest
        and _same_stretch(m, own)
        and _stands(records.get(m.record_id))
        and _owners(records[m.record_id]) != _owners(record)
    ]
    claims = sorted(
        (Claim.of(name, records[name]) for name in dict.fromkeys([record_id, *rivals])),
        key=lambda claim: claim.log_index,
    )
    if rivals:
        each = "; ".join(f"record {c.record_id} of {', '.join(c.owners)} ({c.when()})" for c in claims)
        text = f"{len(claims)} records of different owners claim this audio, the earliest first: {each}."
        first = claims[0].record_id
        return Ownership("disputed", text, first, records[first], tuple(claims))
    if record.get("status") == "disputed":
        text = f"The claim of record {record_id} ({claims[0].when()}) is disputed: "
        text += _said(record, "dispute.open")
        return Ownership("disputed", text, record_id, record, tuple(claims))
    return None


def _said(record: Record, kind: str) -> str:
    """Who said so, by which key, and what that proves: the name is whatever the writer put there."""
    stated = [s for s in record.get("statements") or () if s["type"] == kind]
    if not stated:
        return "who said so is not on record."
    last = stated[-1]
    text = f"stated in the name of {last['issuer']} ({last['reason']}), signed by key {last['keyid'][:16]}"
    if kind != "revoke":
        return f"{text}. That proves the statement, not that it is right."
    if str(last["issuer"]).casefold() in {*_owners(record), str(record.get("issuer")).casefold()}:
        return f"{text}: the name of an owner or of the issuer on the record."
    return f"{text}. That is no owner on the record: ask its owners whether they withdrew it."


def _tracks(matches: Matches, records: Records) -> list[TrackHeard]:
    """Every registered track that the audio holds, in the order in which they are heard."""
    found = [TrackHeard.of(m, records[m.record_id]) for m in matches if _stands(records.get(m.record_id))]
    return sorted(found, key=lambda track: track.stretches[0].start_s if track.stretches else 0.0)


def _same_stretch(one: MatchFound, other: MatchFound | None) -> bool:
    """Whether two matches are of the same part of the audio; where a place is not known they count as it."""
    if other is None or not one.stretches or not other.stretches:
        return True
    spans = [[(s.start_s, s.end_s) for s in match.stretches] for match in (one, other)]
    common = sum(max(0.0, min(b, d) - max(a, c)) for a, b in spans[0] for c, d in spans[1])
    return bool(common >= RIVAL_SHARE * min(sum(b - a for a, b in span) for span in spans))


def _stands(record: Record | None) -> bool:
    return record is not None and bool(record.get("verified")) and record.get("status") != "revoked"


def _owners(record: Record) -> frozenset[str]:
    return frozenset(str(owner["name"]).casefold() for owner in record["owners"])


def _refused(record_id: str, records: Records) -> Ownership | None:
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
    watermark: WatermarkFound | NotRun[WatermarkFound],
    fingerprint: Matches | NotRun[Matches],
    credentials: CredentialsFound | NotRun[CredentialsFound],
    records: Records,
) -> Ownership:
    read = told(credentials, CredentialsFound())
    named = read.record_id
    if named and read.valid and read.trusted and named in records:
        return _refused(named, records) or Ownership(
            "credentials_only",
            f"Trusted credentials, bound to this file, name record {named}; mark and fingerprint do not.",
            named,
            records[named],
        )
    if isinstance(watermark, NotRun) and isinstance(fingerprint, NotRun):
        return Ownership("not_checked", "Neither the watermark nor the fingerprint could be checked.")
    return Ownership("no_record", "No record of this registry is known for this audio.")
