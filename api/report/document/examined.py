"""One section for each question: finding, basis, numbers with scale and threshold, error rates, limits."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.language import _, later, named, spoken
from api.language.figures import number_text
from api.report import words
from api.report.document.blocks import Block, Facts, Points, Section, Table, Text
from api.report.document.custody import key, revised
from api.report.document.rates import music_rates, voice_rates, watermark_rates
from api.report.numbers import day_text, duration_text, moment_text, p_value_text, score_text
from api.report.words.decoders import group_text
from api.report.words.heard import consent, resembles
from api.report.words.limits import LIMITS
from api.report.words.log import UNSIGNED
from api.report.words.near import DIMENSIONS, rarity, where, which
from api.report.words.parts import meaning
from api.report.words.propositions import proposition_text
from api.report.words.provenance import claim_status
from api.report.words.record import EVENTS, declared_ai, holding
from api.report.words.rules import compared

Found = Mapping[str, Any]
Number = tuple[str, str, str, str]

NUMBERS = (later("Number"), later("Value"), later("Scale"), later("Limit"))
NUMBER_WIDTHS = (22, 18, 38, 22)
P_VALUE = later("0 to 1: how often chance alone gives this or more")
FLOOR = later(
    "A p-value is counted among human recordings of like length and bandwidth, so it cannot be smaller "
    "than one "
    "of their number plus one, times the number of looks at the recording. Several files that score "
    "above all of "
    "them get the same smallest value."
)
ANSWERS = {
    "supported": later("supported"),
    "not_supported": later("not supported"),
    "open": later("open"),
    "contradicted": later("not supported"),
}


def sections(report: Found) -> tuple[Section, ...]:
    """The sections, in the order of the questions on page one."""
    asked = (_ownership(report), _watermark(report), _credentials(report), _music(report), _voice(report))
    return asked if report["findings"].get("originality") is None else (*asked, _near(report))


def _ownership(report: Found) -> Section:
    found = report["findings"]
    owned, outcome = found["ownership"], _outcome(found, "fingerprint")
    told = words.ownership(owned, ())
    blocks: list[Block] = [Text(f"{told.answer}. {told.text} {meaning(owned)}".strip())]
    record = owned.get("record") or {}
    if record.get("verified"):
        blocks.append(Facts(tuple(record_facts(record))))
    if owned.get("claims"):
        rows = tuple(
            (
                str(c["log_index"]),
                c["record_id"],
                ", ".join(c["owners"]),
                moment_text(c["logged_at"]) if c.get("logged_at") else "",
            )
            for c in owned["claims"]
        )
        blocks.append(Table((_("Log entry"), _("Record"), _("Owners"), _("Entered")), rows, (19, 23, 34, 24)))
    if found["fingerprint"]:
        blocks.append(Table(tuple(map(_, NUMBERS)), tuple(_matches(found)), NUMBER_WIDTHS))
    else:
        blocks.append(
            Text(
                _(
                    "Comparison with the registered tracks: %(found)s.",
                    found=words.fingerprint_line((), outcome),
                )
            )
        )
    return Section(_("Whose recording is it?"), (*blocks, *_end(report, "ownership", "ownership", ())))


def record_facts(record: Found) -> Iterator[tuple[str, str]]:
    """What a verified record says today."""
    yield _("Record"), str(record["record_id"])
    yield _("Title"), str(record["title"])
    yield _("Owners"), "; ".join(holding(owner) for owner in record.get("owners") or ())
    yield "ISRC", str(record.get("isrc") or _("none stated"))
    yield _("Stated by"), f"{record.get('issuer')} ({claim_status(record)})"
    yield _("Declared use of AI"), declared_ai(record)
    index = record.get("first_index", record.get("leaf_index"))
    if revised(record):
        index = _(
            "%(entry)s; as it reads now: %(newest)s (revision %(revision)s)",
            entry=index,
            newest=record["leaf_index"],
            revision=record["revision"],
        )
    signed = record.get("log_signed", True)
    yield _("Log entry"), f"{index}" if signed else f"{index}; {_(UNSIGNED)}"
    for said in record.get("statements") or ():
        who = _(
            "in the name of %(issuer)s, on %(day)s, signed by %(key)s",
            issuer=said["issuer"],
            day=day_text(said["issued_at"]),
            key=key(said["keyid"]),
        )
        yield named(EVENTS, said["type"]), f"{who}: {said['reason']}"


def _matches(found: Found) -> Iterator[Number]:
    for match in found["fingerprint"]:
        scale = _("0 to 1: share of the file in which the track is heard")
        name = _("Record %(record)s", record=match["record_id"])
        yield name, score_text(match["score"]), scale, _("none; shares add up")
        if match.get("p_value") is not None:
            yield _("p-value"), p_value_text(match["p_value"]), _(P_VALUE), _("none")


def _watermark(report: Found) -> Section:
    found = report["findings"]
    mark, outcome = found["watermark"], _outcome(found, "watermark")
    told = words.questions(found)[1]
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    if outcome == "done":
        limit = _limit(report, "watermark.p_value")
        rows: list[Number] = [(_("p-value"), p_value_text(mark["p_value"]), _(P_VALUE), limit)]
        if mark["present"]:
            rows.append((_("Message"), str(mark["message"]), _("64 bits: the id of a record"), ""))
            rows.append(
                (
                    _("Speed"),
                    number_text(f"{mark['speed']:.3f}"),
                    _("%(even)s: as it was marked", even=number_text("1.000")),
                    "",
                )
            )
            rows.append(
                (
                    _("Pitch"),
                    number_text(f"{mark.get('pitch_semitones') or 0:+.2f}"),
                    _("semitones from the marked copy"),
                    "",
                )
            )
        blocks.append(Table(tuple(map(_, NUMBERS)), tuple(rows), NUMBER_WIDTHS))
    return Section(
        _("Does it carry this registry's watermark?"),
        (*blocks, *_end(report, "watermark", "watermark", watermark_rates(report))),
    )


def _credentials(report: Found) -> Section:
    found = report["findings"]
    seen, outcome = found["credentials"], _outcome(found, "credentials")
    told = words.questions(found)[2]
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    rows = told.facts
    if seen["present"] and outcome == "done":
        yes_no = {True: _("yes"), False: _("no")}
        rows = (
            (_("Signature holds"), yes_no[bool(seen.get("signature_valid"))]),
            (_("File unchanged since"), yes_no[bool(seen.get("content_bound"))]),
            (_("Signer known here"), yes_no[bool(seen.get("trusted"))]),
            *rows,
        )
    if rows:
        blocks.append(Facts(rows))
    return Section(
        _("Does it carry content credentials?"), (*blocks, *_end(report, "credentials", "credentials", ()))
    )


def _music(report: Found) -> Section:
    found = report["findings"]
    ai = found["ai"]
    told = words.music(ai)
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    if ai["score"] is not None:
        even = _("0 to 1: higher, more traces of a machine; %(even)s is even", even=number_text("0.50"))
        among = _("0 to 1: share of human recordings that score as high")
        if ai.get("compared"):
            compared = number_text(f"{ai['compared']:,}")
            among = _("0 to 1: share of %(count)s human recordings that score as high", count=compared)
        if ai.get("group"):
            among += _(" (group %(group)s)", group=group_text(ai["group"]))
        rows: list[Number] = [
            (_("Score"), score_text(ai["score"]), even, ""),
            (_("p-value"), p_value_text(ai["p_value"]), among, _limit(report, "ai.p_value")),
        ]
        if ai.get("likelihood_ratio") is not None:
            scale = _("power of ten by which “machine” explains the traces better; 0 is even")
            ratio = number_text(f"{ai['likelihood_ratio']:+.1f}")
            rows.append((_("Likelihood ratio"), ratio, scale, _limit(report, "ai.likelihood_ratio")))
        blocks += [Table(tuple(map(_, NUMBERS)), tuple(rows), NUMBER_WIDTHS), Text(_(FLOOR))]
        if resembles(ai):
            text = _(
                "Likeness among known decoders: %(decoders)s. Shares of the likeness, no probability of "
                "guilt: the decoder may be none of them.",
                decoders=resembles(ai),
            )
            blocks.append(Text(text))
    exhibits = words.exhibits(ai)
    if exhibits:
        blocks += [Text(_("What in the sound this rests on:")), Points(exhibits)]
    propositions = tuple(
        _proposition(p) for p in ai.get("propositions") or () if p["answer"] != "not_measured"
    )
    if propositions:
        blocks.append(
            Table(
                (_("Statement, judged apart from the others"), _("Evidence (power of ten)")),
                propositions,
                (76, 24),
            )
        )
    title = _("Are there traces of a machine?")
    return Section(title, (*blocks, *_end(report, "ai", "music", music_rates(report))))


def _proposition(told: Found) -> tuple[str, str]:
    ratio = told.get("likelihood_ratio")
    evidence = named(ANSWERS, told["answer"])
    return proposition_text(
        told
    ), evidence if ratio is None else f"{evidence} ({number_text(f'{ratio:+.1f}')})"


def _voice(report: Found) -> Section:
    found = report["findings"]
    voice = found["voice"]
    told = words.voice(voice)
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    measured = voice["has_voice"] and voice.get("synthetic_score") is not None
    if measured:
        even = _("0 to 1: higher, more like synthetic voices; %(even)s is even", even=number_text("0.50"))
        rows: list[Number] = [
            (_("Synthetic score"), score_text(voice["synthetic_score"]), even, _("none: no verdict"))
        ]
        for artist in voice.get("artists") or ():
            rows += _artist(artist, _limit(report, "clone_score"))
        blocks.append(Table(tuple(map(_, NUMBERS)), tuple(rows), NUMBER_WIDTHS))
    rates = voice_rates(report) if measured else ()
    return Section(
        _("Does the voice imitate an enrolled artist?"), (*blocks, *_end(report, "voice", "voice", rates))
    )


def _artist(row: Found, limit: str) -> Iterator[Number]:
    name = str(row["name"])
    similarity = row.get("similarity")
    alike = _("standard deviations of strangers: 0 like anybody, 3 and more like the artist")
    measured = _("not measured") if similarity is None else number_text(f"{similarity:.1f}")
    yield _("Likeness to %(artist)s", artist=name), measured, alike, _("none")
    if row.get("clone_score") is not None:
        scale = _("0 to 1: probability of a synthetic copy of this artist")
        yield _("Clone score, %(artist)s", artist=name), score_text(row["clone_score"]), scale, limit
    covers = _("to a copy of the voice, in the record or on file")
    yield _("Consent of %(artist)s", artist=name), consent(row), covers, ""


def _near(report: Found) -> Section:
    found = report["findings"]["originality"]
    told = words.near(found)
    blocks: list[Block] = [Text(f"{told.answer}. {told.text}")]
    rows = tuple(
        (named(DIMENSIONS, name), which(one), rarity(one), "; ".join(where(one)))
        for name in DIMENSIONS
        for one in (found.get(name) or {}).get("nearest", ())
    )
    if rows:
        head = (_("Dimension"), _("Registered track"), _("How rare"), _("Where"))
        blocks.append(Table(head, rows, (12, 30, 34, 24)))
    without = tuple((name, text) for name, text in told.facts if not any(name == row[0] for row in rows))
    if without:
        blocks.append(Facts(without))
    if found.get("recordings"):
        blocks.append(
            Text(
                _(
                    "Shares are of pairs of %(count)s recordings of people that have nothing to do with each "
                    "other.",
                    count=found["recordings"],
                )
            )
        )
    return Section(told.question, (*blocks, *_end(report, "originality", "originality", ())))


def _limit(report: Found, field: str) -> str:
    """The threshold of a number, as the statement holds it: the detector's own, else one of the policy's."""
    own = {**(report.get("limits") or {})}
    for rule, limits in (report["policy"].get("thresholds") or {}).items():
        own |= {
            name: _("%(limit)s (policy, %(rule)s)", limit=compared(name, value), rule=rule)
            for name, value in limits.items()
        }
    told = [
        text if isinstance(text, str) else compared(name, text)
        for name, text in own.items()
        if name.split(" ")[0] == field
    ]
    return "; ".join(told) or _("none stated")


def rates_table(rates: tuple[tuple[str, str], ...]) -> Table:
    """Error rates: of what, and how often."""
    return Table((_("How often this check errs, as measured"), _("Rate")), rates, (66, 34))


def _end(report: Found, basis: str, check: str, rates: tuple[tuple[str, str], ...]) -> Iterator[Block]:
    """What every section ends with: its error rates, its basis and its limits."""
    if rates:
        yield rates_table(rates)
    told = (report.get("basis") or {}).get(basis)
    if told:
        rests = str(told) if spoken() == "en" else _(words.BASIS[basis])
        yield Text(_("Basis: %(basis)s.", basis=rests))
    yield Text(_("Limits:"))
    yield Points(tuple(map(_, LIMITS[check])))


def _outcome(found: Found, check: str) -> str:
    return str((found.get("checks") or {}).get(check, "done"))


def length_text(found: Found) -> str:
    """Length of the recording."""
    seconds = found.get("duration_s")
    if seconds is None:
        return _("not known")
    return duration_text(seconds)
