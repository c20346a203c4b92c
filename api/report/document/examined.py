"""One section for each question: finding, basis, numbers with scale and threshold, error rates, limits."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.audit.numbers import p_value_text, score_text
from api.report import words
from api.report.document.blocks import Block, Facts, Points, Section, Table, Text
from api.report.document.custody import key
from api.report.document.rates import music_rates, voice_rates, watermark_rates
from api.report.numbers import clock_text
from api.report.words.heard import resembles
from api.report.words.limits import LIMITS
from api.report.words.log import UNSIGNED
from api.report.words.meanings import MEANINGS
from api.report.words.record import EVENTS, declared_ai, holding

Found = Mapping[str, Any]
Number = tuple[str, str, str, str]

NUMBERS = ("Number", "Value", "Scale", "Limit")
NUMBER_WIDTHS = (22, 18, 38, 22)
P_VALUE = "0 to 1: how often chance alone gives this or more"
FLOOR = (
    "A p-value is counted among human recordings of like length and bandwidth, so it cannot be smaller "
    "than one "
    "of their number plus one, times the number of looks at the recording. Several files that score "
    "above all of "
    "them get the same smallest value."
)
ANSWERS = {
    "supported": "supported",
    "not_supported": "not supported",
    "open": "open",
    "contradicted": "not supported",
}


def sections(report: Found) -> tuple[Section, ...]:
    """The sections, in the order of the questions on page one."""
    return (_ownership(report), _watermark(report), _credentials(report), _music(report), _voice(report))


def _ownership(report: Found) -> Section:
    found = report["findings"]
    owned, outcome = found["ownership"], _outcome(found, "fingerprint")
    told = words.ownership(owned, ())
    blocks: list[Block] = [Text(f"{told.answer}. {told.text} {MEANINGS.get(owned['status'], '')}".strip())]
    record = owned.get("record") or {}
    if record.get("verified"):
        blocks.append(Facts(tuple(record_facts(record))))
    if owned.get("claims"):
        rows = tuple(
            (str(c["log_index"]), c["record_id"], ", ".join(c["owners"]), str(c.get("logged_at") or "")[:19])
            for c in owned["claims"]
        )
        blocks.append(Table(("Log entry", "Record", "Owners", "Entered (UTC)"), rows, (14, 24, 38, 24)))
    if found["fingerprint"]:
        blocks.append(Table(NUMBERS, tuple(_matches(found)), NUMBER_WIDTHS))
    else:
        blocks.append(Text(f"Comparison with the registered tracks: {words.fingerprint_line((), outcome)}."))
    return Section("Whose is it?", (*blocks, *_end(report, "ownership", "ownership", ())))


def record_facts(record: Found) -> Iterator[tuple[str, str]]:
    """What a verified record says today."""
    yield "Record", str(record["record_id"])
    yield "Title", str(record["title"])
    yield "Owners", "; ".join(holding(owner) for owner in record.get("owners") or ())
    yield "ISRC", str(record.get("isrc") or "none stated")
    yield "Stated by", f"{record.get('issuer')} ({record.get('claim_status')})"
    yield "Declared use of AI", declared_ai(record)
    index = record.get("first_index", record.get("leaf_index"))
    signed = record.get("log_signed", True)
    yield "Log entry", f"{index}" if signed else f"{index}; {UNSIGNED}"
    for said in record.get("statements") or ():
        who = f"in the name of {said['issuer']}, on {said['issued_at'][:10]}, signed by {key(said['keyid'])}"
        yield EVENTS.get(said["type"], said["type"]), f"{who}: {said['reason']}"


def _matches(found: Found) -> Iterator[Number]:
    for match in found["fingerprint"]:
        scale = "0 to 1: share of the file in which the track is heard"
        yield f"Record {match['record_id']}", score_text(match["score"]), scale, "none; shares add up"
        if match.get("p_value") is not None:
            yield "p-value", p_value_text(match["p_value"]), P_VALUE, "none"


def _watermark(report: Found) -> Section:
    found = report["findings"]
    mark, outcome = found["watermark"], _outcome(found, "watermark")
    told = next(t for t in words.questions(found) if t.question == words.watermark(mark, outcome).question)
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    if outcome == "done":
        limit = _limit(report, "watermark.p_value")
        rows: list[Number] = [("p-value", p_value_text(mark["p_value"]), P_VALUE, limit)]
        if mark["present"]:
            rows.append(("Message", str(mark["message"]), "64 bits: the id of a record", ""))
            rows.append(("Speed", f"{mark['speed']:.3f}", "1.000: as it was marked", ""))
            rows.append(
                ("Pitch", f"{mark.get('pitch_semitones') or 0:+.2f}", "semitones from the marked copy", "")
            )
        blocks.append(Table(NUMBERS, tuple(rows), NUMBER_WIDTHS))
    return Section(
        "Is our watermark in it?", (*blocks, *_end(report, "watermark", "watermark", watermark_rates(report)))
    )


def _credentials(report: Found) -> Section:
    found = report["findings"]
    seen, outcome = found["credentials"], _outcome(found, "credentials")
    told = words.questions(found)[2]
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    rows = told.facts
    if seen["present"] and outcome == "done":
        yes_no = {True: "yes", False: "no"}
        rows = (
            ("Signature holds", yes_no[bool(seen.get("signature_valid"))]),
            ("File unchanged since", yes_no[bool(seen.get("content_bound"))]),
            ("Signer known here", yes_no[bool(seen.get("trusted"))]),
            *rows,
        )
    if rows:
        blocks.append(Facts(rows))
    return Section(
        "Does it carry content credentials?", (*blocks, *_end(report, "credentials", "credentials", ()))
    )


def _music(report: Found) -> Section:
    found = report["findings"]
    ai = found["ai"]
    told = words.music(ai)
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    if ai["score"] is not None:
        group = f" (group {ai['group']})" if ai.get("group") else ""
        among = f"0 to 1: share of human recordings that score as high{group}"
        rows: list[Number] = [
            ("Score", score_text(ai["score"]), "0 to 1: higher, more traces of a machine; 0.50 is even", ""),
            ("p-value", p_value_text(ai["p_value"]), among, _limit(report, "ai.p_value")),
        ]
        if ai.get("likelihood_ratio") is not None:
            scale = "power of ten by which “machine” explains the traces better; 0 is even"
            ratio = f"{ai['likelihood_ratio']:+.1f}"
            rows.append(("Likelihood ratio", ratio, scale, _limit(report, "ai.likelihood_ratio")))
        blocks += [Table(NUMBERS, tuple(rows), NUMBER_WIDTHS), Text(FLOOR)]
        if resembles(ai):
            text = f"Resembles: {resembles(ai)}. Shares among the decoders compared, no probability of guilt."
            blocks.append(Text(text))
    exhibits = words.exhibits(ai)
    if exhibits:
        blocks += [Text("What in the sound this rests on:"), Points(exhibits)]
    propositions = tuple(
        _proposition(p) for p in ai.get("propositions") or () if p["answer"] != "not_measured"
    )
    if propositions:
        blocks.append(
            Table(
                ("Statement, judged apart from the others", "Evidence (power of ten)"), propositions, (76, 24)
            )
        )
    title = "Are there traces of a machine?"
    return Section(title, (*blocks, *_end(report, "ai", "music", music_rates(report))))


def _proposition(told: Found) -> tuple[str, str]:
    ratio = told.get("likelihood_ratio")
    evidence = ANSWERS.get(told["answer"], str(told["answer"]))
    text = str(told["text"])
    return text[:1].upper() + text[1:], evidence if ratio is None else f"{evidence} ({ratio:+.1f})"


def _voice(report: Found) -> Section:
    found = report["findings"]
    voice = found["voice"]
    told = words.voice(voice)
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    measured = voice["has_voice"] and voice.get("synthetic_score") is not None
    if measured:
        even = "0 to 1: higher, more like synthetic voices; 0.50 is even"
        rows: list[Number] = [
            ("Synthetic score", score_text(voice["synthetic_score"]), even, "none: no verdict")
        ]
        for artist in voice.get("artists") or ():
            rows += _artist(artist, _limit(report, "clone_score"))
        blocks.append(Table(NUMBERS, tuple(rows), NUMBER_WIDTHS))
    rates = voice_rates(report) if measured else ()
    return Section("Whose voice is it?", (*blocks, *_end(report, "voice", "voice", rates)))


def _artist(row: Found, limit: str) -> Iterator[Number]:
    name = str(row["name"])
    similarity = row.get("similarity")
    alike = "standard deviations of strangers: 0 like anybody, 3 and more like the artist"
    yield f"Likeness to {name}", "not measured" if similarity is None else f"{similarity:.1f}", alike, "none"
    if row.get("clone_score") is not None:
        scale = "0 to 1: probability of a synthetic copy of this artist"
        yield f"Clone score, {name}", score_text(row["clone_score"]), scale, limit
    consent = f"{row.get('consent', 'unknown')}" + (
        f" ({row['consent_says']})" if row.get("consent_says") else ""
    )
    yield f"Consent of {name}", consent, "to a copy of the voice, in the record or on file", ""


def _limit(report: Found, field: str) -> str:
    """The threshold of a number, as the statement holds it: the detector's own, else one of the policy's."""
    own = {**(report.get("limits") or {})}
    for rule, limits in (report["policy"].get("thresholds") or {}).items():
        own |= {name: f"{_compared(name)} {value:g} (policy, {rule})" for name, value in limits.items()}
    told = [
        text if isinstance(text, str) else f"{_compared(name)} {text:g}"
        for name, text in own.items()
        if name.split(" ")[0] == field
    ]
    return "; ".join(told) or "none stated"


def _compared(name: str) -> str:
    return {"at_least": "from", "at_most": "up to"}.get(name.rpartition(" ")[2], "")


def _end(report: Found, basis: str, check: str, rates: tuple[tuple[str, str], ...]) -> Iterator[Block]:
    """What every section ends with: its error rates, its basis and its limits."""
    if rates:
        yield Table(("How often this check errs, as measured", "Rate"), rates, (66, 34))
    told = (report.get("basis") or {}).get(basis)
    if told:
        yield Text(f"Basis: {told}.")
    yield Text("Limits:")
    yield Points(LIMITS[check])


def _outcome(found: Found, check: str) -> str:
    return str((found.get("checks") or {}).get(check, "done"))


def length_text(found: Found) -> str:
    """Length of the recording."""
    seconds = found.get("duration_s")
    if seconds is None:
        return "not known"
    return f"{seconds:.1f} s" if seconds < 60 else f"{clock_text(seconds)} min"
