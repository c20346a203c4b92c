"""Whose audio is it: the rule that joins watermark, record, fingerprint and credentials.

A watermark can be lifted from one track and laid over another (the copy attack; C2PA 2.3
names the fingerprint as its cure). A decoded mark is therefore an ownership match only if the
audio is the audio of the record that it names.
"""

from collections.abc import Mapping

from api.audit.beside import Spans, same_owners, with_the_rest
from api.audit.claims import NOT_CHECKED, Claim, Ownership, Record
from api.audit.findings import CredentialsFound, MatchFound, NotRun, WatermarkFound
from api.audit.result import Matches, told

Records = Mapping[str, Record]

# A sample in a mix is no claim on the whole: a rival must match at least this part of what the best one does.
# And a dispute is two owners of the same stretch: at least this part of the shorter lies in the other.
RIVAL_SHARE = 0.5

UNSOUGHT = "it was not looked for at every speed and pitch."
"""Of a mark that was not found where it was not looked for everywhere."""


def judge(
    watermark: WatermarkFound | NotRun[WatermarkFound],
    fingerprint: Matches | NotRun[Matches],
    credentials: CredentialsFound | NotRun[CredentialsFound],
    records: Records,
    duration_s: float,
) -> Ownership:
    """Join the findings into one statement.

    Args:
        watermark: the detection.
        fingerprint: matches, best first; none means: compared, and no record's audio. Of a comparison that
            could not be finished what it found counts, and what it did not find says nothing.
        credentials: the content credentials.
        records: summaries of the known records among all ids named above.
        duration_s: length of the audio.

    Returns:
        `match` mark and fingerprint name the same verified record; `disputed` it is the audio of records of
        different owners, or a dispute is open (see `claims`: the earliest entry of the log comes first);
        `record_revoked` its owner has withdrawn the record; `transplant_suspected` the mark names a record
        and the audio under it is another's; `mark_removed_or_unmarked` a record's audio without its mark;
        `fingerprint_only` the same where the mark could not be checked; `mark_unconfirmed` a mark, and audio
        that could not be compared or was recognised as nobody's; `unknown_mark` one that no record explains;
        `record_invalid` the record does not verify; `credentials_only`
        trusted and bound credentials name a record; `no_record`; `not_checked`.
    """
    if all(isinstance(said, NotRun) for said in (watermark, fingerprint, credentials)):
        return NOT_CHECKED
    mark, matches = told(watermark, WatermarkFound()), told(fingerprint, ())
    message = _leading(mark, matches, records)
    if message is not None:
        found = _marked(message, mark, fingerprint, records)
    else:
        found = _unmarked(watermark, fingerprint, credentials, records)
    return with_the_rest(found, mark, matches, records, duration_s)


def also_known_as(ownership: Ownership, mark: WatermarkFound, matches: Matches) -> list[str]:
    """A warning for each further record of the same audio: two parties may claim one track.

    Another recording that sounds with it is not the same audio.
    """
    own = _named(matches, ownership.record_id)
    if own is None or ownership.status not in ("match", "mark_removed_or_unmarked", "fingerprint_only"):
        return []
    others = [
        m.record_id
        for m in matches
        if m is not own and _rivals(m, own, matches) and not _mixed(own, m, own.record_id, mark)
    ]
    return [f"the same audio is also registered as record {other}; see who was first" for other in others]


def _leading(mark: WatermarkFound, matches: Matches, records: Records) -> str | None:
    """The message that the statement is about: of several the clearest whose audio is its record's."""
    if not mark.present or mark.message is None:
        return None
    read = dict.fromkeys([mark.message, *(one.message for one in mark.messages)])
    return next((one for one in read if one in records and _named(matches, one)), mark.message)


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
        contested = _contested(record_id, WatermarkFound(), matches, records)
        if contested is not None:
            return contested
        if isinstance(watermark, NotRun):
            text = f"The audio is that of record {record_id} by its fingerprint. "
            text += f"Whether it carries the mark is not known: {watermark.why}."
            return Ownership("fingerprint_only", text, record_id, records[record_id])
        text = f"The audio is that of record {record_id}, and no watermark was found in it: "
        if not records[record_id].get("marked"):
            text += "the record does not say that the track was ever marked."
        elif watermark.everywhere:
            text += "the original from before it was tagged, or a copy that lost its mark."
        else:
            text += UNSOUGHT
        return Ownership("mark_removed_or_unmarked", text, record_id, records[record_id])
    return _named_by_credentials(watermark, fingerprint, credentials, records)


def _marked(
    message: str, mark: WatermarkFound, fingerprint: Matches | NotRun[Matches], records: Records
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
    matches = told(fingerprint, ())
    if any(m.record_id == message for m in matches):
        return _contested(message, mark, matches, records) or Ownership(
            "match", f"Watermark and fingerprint both name record {message}.", message, records[message]
        )
    if isinstance(fingerprint, NotRun):
        text = f"The mark names record {message}. Whether the audio is that record's is not known: "
        return Ownership("mark_unconfirmed", f"{text}{fingerprint.why}.", message, records[message])
    marked = _marks(mark, message)
    other = next((m.record_id for m in matches if _overlap(_spans(m), marked)), None)
    if other is None:
        # Under speech or in a few seconds a fingerprint misses what a mark survives: that accuses nobody.
        text = f"The mark names record {message}. The audio was not recognised as that record's, nor as "
        text += "another's: it may be changed, short or under other sound, or the mark was copied to it."
        return Ownership("mark_unconfirmed", text, message, records[message])
    text = f"The mark names record {message}, but the audio is that of record {other}. "
    text += "The mark may have been copied from another track."
    return Ownership("transplant_suspected", text, message, records[message])


def _contested(record_id: str, mark: WatermarkFound, matches: Matches, records: Records) -> Ownership | None:
    """Revoked, disputed, or claimed by others too; None where nobody contradicts the record."""
    record = records[record_id]
    if record.get("status") == "revoked":
        text = f"Record {record_id} was revoked: {_said(record, 'revoke')}"
        return Ownership("record_revoked", text, record_id, record)
    own = _named(matches, record_id)
    rivals = [
        m.record_id
        for m in matches
        if m.record_id != record_id
        and _rivals(m, own, matches)
        and not _mixed(own, m, record_id, mark)
        and _stands(records.get(m.record_id))
        and not same_owners(_owners(records[m.record_id]), _owners(record))
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
    named = [*_owners(record), str(record.get("issuer"))]
    if str(last["issuer"]).casefold() in {name.casefold() for name in named}:
        return f"{text}: the name of an owner or of the issuer on the record."
    return f"{text}. That is no owner on the record: ask its owners whether they withdrew it."


def _named(matches: Matches, record_id: str | None) -> MatchFound | None:
    return next((match for match in matches if match.record_id == record_id), None)


def _rivals(one: MatchFound, own: MatchFound | None, matches: Matches) -> bool:
    """Whether a match is of about as much of the audio as the best one, and of the same part as `own`."""
    longest = max(match.matched_s for match in matches)
    return one.matched_s >= RIVAL_SHARE * longest and (own is None or _overlap(_spans(one), _spans(own)))


def _mixed(one: MatchFound | None, other: MatchFound, record_id: str, mark: WatermarkFound) -> bool:
    """Whether two recordings sound at once: other peaks speak for each, or both marks are read.

    A marked track gets no second mark, so that two marks tell of two. Then neither owner claims the other's
    recording.

    Args:
        one: the match of the record that the statement is about, if there is one.
        other: that of another record.
        record_id: of the first.
        mark: what was read.
    """
    if one is not None and other.record_id in one.mixed_with:
        return True
    first, second = _marks(mark, record_id), _marks(mark, other.record_id)
    return bool(first and second) and _overlap(first, second)


def _marks(mark: WatermarkFound, message: str) -> Spans:
    return [(one.start_s, one.end_s) for one in mark.messages if one.message == message]


def _spans(match: MatchFound) -> Spans:
    return [(part.start_s, part.end_s) for part in match.stretches]


def _overlap(one: Spans, other: Spans) -> bool:
    """Whether two lists are of the same part of the audio; where a place is not known they count as it."""
    if not one or not other:
        return True
    common = sum(max(0.0, min(b, d) - max(a, c)) for a, b in one for c, d in other)
    return bool(common >= RIVAL_SHARE * min(sum(b - a for a, b in spans) for spans in (one, other)))


def _stands(record: Record | None) -> bool:
    return record is not None and bool(record.get("verified")) and record.get("status") != "revoked"


def _owners(record: Record) -> list[str]:
    return [str(owner["name"]) for owner in record["owners"]]


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
        return NOT_CHECKED
    return Ownership("no_record", "No record of this registry is known for this audio.")
