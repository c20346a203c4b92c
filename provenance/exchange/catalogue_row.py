"""One row of a catalogue as the draft of a record, or everything that is wrong with it.

`rights` holds `right: name = percent% in TERRITORIES from TIME to TIME`, several separated by semicolons;
without it the owner has the whole master right. Lists (`artist`, `iswc`) are separated by semicolons too.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypeVar

from core import clock
from core.errors import RecordError
from provenance.declaration import parse_generator
from provenance.exchange.table import ROLES
from provenance.records import identifiers, shape_checks
from provenance.records.asset import Asset
from provenance.records.involvement import LEVELS, AiInvolvement, Generation, RoleInvolvement
from provenance.records.record import Claim, Issuer, OwnershipRecord, new_record_id
from provenance.records.rights import WHOLE_PPM, WORLD, Contribution, Party, RightShare, check_shares

T = TypeVar("T")
_LEVELS = {level.lower(): level for level in LEVELS}
_SHARE = re.compile(
    r"(?P<right>[a-z]+)\s*:\s*(?P<name>.+?)\s*=\s*(?P<percent>[0-9.]+)\s*%"
    r"(?:\s+in\s+(?P<where>[A-Z ]+?))?(?:\s+from\s+(?P<start>\S+))?(?:\s+to\s+(?P<end>\S+))?"
)


@dataclass(frozen=True)
class Reason:
    """One thing that is wrong with a row; `column` is empty where it is the row as a whole."""

    column: str
    value: str
    reason: str


@dataclass
class _Row:
    """The cells of a row, and what was found wrong with them so far."""

    cells: Mapping[str, str]
    reasons: list[Reason] = field(default_factory=list)

    def get(self, column: str) -> str:
        return self.cells.get(column, "")

    def ask(self, column: str, read: Callable[[str], T]) -> T | None:
        """What `read` makes of a cell; None where it refuses, with its reason noted."""
        try:
            return read(self.get(column))
        except RecordError as error:
            self.reasons.append(Reason(column, self.get(column), str(error)))
            return None

    def code(self, column: str, check: Callable[[str], str]) -> str | None:
        """An identifier in its compact form, or None where the cell is empty or wrong."""
        return self.ask(column, lambda text: check(text) if text else None)


def draft(
    cells: Mapping[str, str], *, issuer: str | None = None, keyid: str | None = None
) -> tuple[OwnershipRecord | None, list[Reason]]:
    """Read a row.

    Args:
        cells: by column, cleaned of spaces and in Unicode form NFC.
        issuer: who makes the statement; None takes the first holder.
        keyid: the key that will sign.

    Returns:
        The draft and no reason, or None and every reason. What depends on the audio is a placeholder.
    """
    row = _Row(cells)
    if row.get(""):
        row.reasons.append(Reason("", "", f"the row has {row.get('')}"))
    row.ask("file", _file)
    row.ask("title", lambda text: shape_checks.text(text, "title"))
    isrc, upc = row.code("isrc", identifiers.isrc), row.code("upc", identifiers.upc)
    grid = row.code("grid", identifiers.grid)
    iswc = row.ask("iswc", lambda text: tuple(identifiers.iswc(code) for code in _listed(text)))
    roles = {role: row.ask(f"ai_{role}", _role) for role in ROLES}
    overall = row.ask("ai", _level)
    rights = row.ask("rights" if row.get("rights") else "owner", lambda text: _rights(text, row))
    if row.reasons or rights is None or overall is None:
        return None, row.reasons
    artists = _listed(row.get("artist"))
    names = list(dict.fromkeys([*(share.party for share in rights), *artists]))
    refs = {name: f"party-{number}" for number, name in enumerate(names, 1)}
    try:
        record = OwnershipRecord(
            record_id=new_record_id(),
            issued_at=clock.now_text(),
            issuer=Issuer(issuer or names[0], keyid),
            asset=Asset(
                title=row.get("title"),
                sha256_pcm="0" * 64,
                duration_ms=1,
                sample_rate=1,
                channels=1,
                container="pending",
                version_title=row.get("version_title") or None,
                isrc=isrc,
                iswc=iswc or (),
                grid=grid,
                upc=upc,
            ),
            ai_involvement=AiInvolvement(overall, **roles),
            parties=tuple(Party(refs[name], name, "person" if name in artists else "org") for name in names),
            rights=tuple(replace(share, party=refs[share.party]) for share in rights),
            provenance_of_claim=Claim("asserted"),
            contributions=tuple(Contribution(refs[name], "MainArtist") for name in dict.fromkeys(artists)),
            generation=_generation(row.get("generator")),
        )
    except RecordError as error:
        return None, [Reason("", "", str(error))]
    return record, []


def _file(text: str) -> None:
    """A relative name below the catalogue's folder, whatever system wrote the table."""
    if not text:
        raise RecordError("the row names no file")
    parts = {*PurePosixPath(text).parts, *PureWindowsPath(text).parts}
    if PurePosixPath(text).is_absolute() or PureWindowsPath(text).anchor or ".." in parts or "\0" in text:
        raise RecordError("the file must lie below the catalogue's folder")


def _level(text: str) -> str:
    if not text:
        return "Undeclared"
    if text.lower() not in _LEVELS:
        raise RecordError(f"{text!r} is not one of all, partly, none, undeclared")
    return _LEVELS[text.lower()]


def _role(text: str) -> RoleInvolvement | None:
    return RoleInvolvement(_level(text), "declared") if text else None


def _generation(text: str) -> Generation | None:
    return parse_generator(text) if text else None


def _rights(text: str, row: _Row) -> tuple[RightShare, ...]:
    """The shares of a cell, their `party` still a name; they must add up."""
    if not row.get("rights"):
        shape_checks.text(text, "owner")
        return (RightShare("master", text, WHOLE_PPM),)
    shares = tuple(_share(part) for part in _listed(text))
    check_shares(shares)
    return shares


def _share(text: str) -> RightShare:
    match = _SHARE.fullmatch(text)
    if match is None:
        raise RecordError(f"{text!r} is not of the form “master: A Label = 50% in DE AT”")
    try:
        exact = Decimal(match["percent"]) * WHOLE_PPM / 100
    except InvalidOperation as error:
        raise RecordError(f"{match['percent']!r} is no percentage") from error
    if exact != int(exact):
        raise RecordError(f"{match['percent']}% is finer than a millionth; write at most four decimals")
    where = tuple(match["where"].split()) if match["where"] else (WORLD,)
    return RightShare(match["right"], match["name"], int(exact), where, match["start"], match["end"])


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
