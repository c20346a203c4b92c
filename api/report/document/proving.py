"""How anybody checks a report without us: commands with the real names, what they answer, keys to compare."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from api.language import _, later
from api.language.spoken import translated
from api.report.document.blocks import Block, Facts, Points, Seal, Section, Terminal, Text
from api.report.document.custody import issuer, log_of
from api.report.numbers import moment_text
from api.report.words.decoders import calibration_text
from api.report.words.rules import compared

Found = Mapping[str, Any]
HOW_TO_VERIFY = later("How to verify this report")
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


def verifying(report: Found, seal: Seal) -> Section:
    """The section of a report."""
    file = report["file"]["name"]
    command = f"trackmark verify-report {quoted(seal.file_name)} --keys keys.json --audio {quoted(file)}"
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
            Text(_("1. In a folder with the signed file, the audio file and the issuer's keys, type:")),
            Terminal((command,)),
            Text(
                _(
                    "2. The answer must be this, but for breaks of lines; where it says anything else, "
                    "rely on "
                    "nothing:"
                )
            ),
            Terminal(tuple(_answers(report, seal))),
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


def _answers(report: Found, seal: Seal) -> Iterator[str]:
    """What the program prints, letter for letter: it speaks English."""
    file, decision = report["file"], report["findings"]["decision"]
    yield f"{seal.file_name}: verified"
    yield f"  signed by key {seal.keyid[:16]} at {report['created_at']}, unchanged since"
    yield f"  about {file['name']!r}, sha256 {file['sha256']} (this is that file)"
    record_id = report["findings"]["ownership"].get("record_id")
    if report.get("record") is not None:
        yield f"  record {record_id}: signature and log proof verify"
    name, size = log_of(report)
    if name:
        yield f"  checkpoint of a log with {size} entries: signature verifies"
    yield f"  decision: {decision['action']} by {decision['policy']}"
    yield from (f"    · {rule['text']}" for rule in decision["rules"])
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


def models(report: Found) -> Section:
    """Models and calibration, by the hashes of their weights."""
    rows = tuple(
        (f"{card.get('name', card.get('card'))} {card.get('version', '')}".strip(), str(card["sha256"]))
        for card in report.get("models") or ()
    )
    calibration = report["findings"]["ai"].get("calibration")
    blocks: list[Block] = [Text(_("Weights, by SHA-256:")), Facts(rows, code=True)]
    if calibration:
        rests = calibration_text(calibration)
        blocks.append(Text(_("Calibration of the music score: %(calibration)s.", calibration=rests)))
    return Section(_("Models and calibration"), tuple(blocks))


def identity(report: Found, seal: Seal) -> Iterator[tuple[str, str]]:
    """The title block."""
    file, software = report["file"], report["software"]
    yield _("File"), str(file["name"])
    yield _("SHA-256 of the file"), str(file["sha256"])
    yield _("Report"), str(report["report_id"])
    yield _("Date"), moment_text(report["created_at"])
    yield _("Issuer"), issuer(report)
    yield _("Signed by key"), seal.keyid
    yield _("Software"), f"{software['name']} {software['version']}"
