"""How anybody checks a report without us: commands with the real names, what they answer, keys to compare."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from api.language import _, later, ngettext, speaking
from api.language.spoken import translated
from api.report.document.blocks import Block, Facts, Points, Seal, Section, Terminal, Text
from api.report.document.custody import issuer, log_of
from api.report.numbers import moment_text
from api.report.report import CheckedReport, expected
from api.report.words.rules import compared

Found = Mapping[str, Any]
Rows = tuple[tuple[str, str], ...]
HOW_TO_VERIFY = later("How to verify this report")
SIGNED = later("Who signed, and how to check it")
KEYS = "/.well-known/trackmark-keys.json"


def sealed(seal: Seal) -> str:
    """Whether the signature was checked, in one sentence."""
    if seal.checked:
        return _(
            "The signature was checked when this page was made; the keys were %(whose)s.",
            whose=translated(seal.checked),
        )
    return _(
        "The signature of this report was not checked when this page was made: check it before you use it."
    )


def signed(report: Found, seal: Seal) -> str:
    """Who signed a report, whether that was checked, and where it stands how to check it."""
    if seal.checked:
        who = _(
            "%(issuer)s signed these findings with the key %(key)s on %(moment)s.",
            issuer=_capital(issuer(report)),
            key=seal.keyid[:16],
            moment=moment_text(report["created_at"]),
        )
    else:
        who = _("This report names a signature by the key %(key)s.", key=seal.keyid[:16])
    how = _(
        "How anybody checks that without the issuer stands under “%(section)s”.",
        section=_(HOW_TO_VERIFY),
    )
    return f"{who} {sealed(seal)} {how}"


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def verifying(report: Found, seal: Seal, kind: type[CheckedReport]) -> Section:
    """The section of a report."""
    files = [one.file["name"] for one in kind.files(report).values()]
    held = " ".join(f"--audio {quoted(name)}" for name in files)
    command = f"trackmark verify-report {quoted(seal.file_name)} --keys keys.json {held}"
    beside = ngettext(
        "1. In a folder with the signed file, the audio file and the issuer's keys, type:",
        "1. In a folder with the signed file, the %(num)s audio files and the issuer's keys, type:",
        len(files),
    )
    return Section(
        _(HOW_TO_VERIFY),
        (
            Text(
                _(
                    "This page repeats a signed file and proves nothing by itself. The signed file is "
                    "%(file)s; "
                    "the PDF carries it as an attachment. Trackmark is free software and needs neither a "
                    "network nor the issuer for this check.",
                    file=seal.file_name,
                )
            ),
            Text(beside),
            Terminal((command,)),
            Text(
                _(
                    "2. The answer must be this, but for breaks of lines; where it says anything else, "
                    "rely on "
                    "nothing:"
                )
            ),
            Terminal(tuple(_answers(report, seal, kind))),
            Text(_("3. Compare the whole key id with the one that the issuer publishes:")),
            Facts(((_("Key of this report"), seal.keyid),), code=True),
            Text(
                _(
                    "Take the keys from the issuer itself, not from whoever sent you this page: "
                    "%(where)s. A list "
                    "of keys that came with the report proves only that the two belong together.",
                    where=where(address_of(report)),
                )
            ),
        ),
    )


def address_of(report: Found) -> str | None:
    """The public address of the issuer, where the statement names one."""
    return (report.get("issuer") or {}).get("address")


def where(address: str | None) -> str:
    """Where the issuer publishes its keys."""
    if address:
        return f"{address}{KEYS}"
    return _("the address %(path)s of the issuer's server, or ask its representative by telephone", path=KEYS)


def quoted(name: str) -> str:
    """A file name as a shell takes it."""
    return shlex.quote(name)


def _answers(report: Found, seal: Seal, kind: type[CheckedReport]) -> Iterator[str]:
    """What the program prints, letter for letter: it speaks English."""
    size = log_of(report)[1]
    with speaking("en"):
        told = expected(report, kind, seal.keyid, int(size) if size else None).lines()
    yield f"{seal.file_name}: verified"
    yield from (f"  {line}" for line in told)
    yield "  keys: given by you in keys.json"


def policy(report: Found) -> Section:
    """The policy and its numeric limits, so that the decision can be repeated."""
    told = report["policy"]
    blocks: list[Block] = [
        Facts(
            ((_("Policy"), f"{told['name']} {told['version']}"), ("SHA-256", str(told["sha256"]))), code=True
        )
    ]
    limits = tuple(
        f"{rule}: {name.split(' ')[0]} {compared(name, value)}"
        for rule, found in (told.get("thresholds") or {}).items()
        for name, value in found.items()
    )
    if limits:
        blocks += [Text(_("Its numeric limits, by rule:")), Points(limits)]
    return Section(_("Policy"), tuple(blocks))


def models(report: Found, *calibration: Block) -> Section:
    """Models by the hashes of their weights, and what they were calibrated with."""
    rows = tuple(
        (f"{card.get('name', card.get('card'))} {card.get('version', '')}".strip(), str(card["sha256"]))
        for card in report.get("models") or ()
    )
    blocks = (Text(_("Weights, by SHA-256:")), Facts(rows, code=True), *calibration)
    return Section(_("Models and calibration"), blocks)


def identity(report: Found, seal: Seal, files: Rows) -> Iterator[tuple[str, str]]:
    """The title block; `files` are the rows that name what the report is about."""
    software = report["software"]
    yield from files
    yield _("Report"), str(report["report_id"])
    yield _("Date"), moment_text(report["created_at"])
    yield _("Issuer"), issuer(report)
    yield _("Signed by key"), seal.keyid
    yield _("Software"), f"{software['name']} {software['version']}"
