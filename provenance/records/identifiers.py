"""The music industry's identifiers: normalise and check them.

Each function takes what people type (hyphens, dots, spaces, lower case) and returns the compact canonical
form, or raises `RecordError`. A check digit shows a typing error; it never shows that the number was issued.
"""

import re

from core.errors import RecordError

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def isrc(text: str) -> str:
    """Recording code, ISO 3901: two letters, three letters or digits, two digits of year, five digits.

    >>> isrc("us-rc1-76-07839")
    'USRC17607839'
    """
    code = re.sub(r"^ISRC[:.]?(?=.{12})", "", _compact(text))
    if not re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}", code):
        raise RecordError(f"{text!r} is not an ISRC; it has the form CC-XXX-YY-NNNNN")
    return code


def iswc(text: str) -> str:
    """Work code, ISO 15707: T, nine digits, and a check digit with weights 1 to 9 and 1 for the T.

    >>> iswc("T-034.524.680-1")
    'T0345246801'
    """
    code = _compact(text)
    if not re.fullmatch(r"T[0-9]{10}", code):
        raise RecordError(f"{text!r} is not an ISWC; it has the form T-DDD.DDD.DDD-C")
    total = 1 + sum(weight * int(digit) for weight, digit in enumerate(code[1:10], start=1))
    return _checked(code, str(-total % 10), text, "ISWC")


def ipi(text: str) -> str:
    """Name number of an interested party (CISAC): nine digits and two check digits, modulo 101.

    The check value is (101 - Σ w·d) mod 101 with weights 10 down to 2; a remainder of 100 is written 00.
    """
    code = _compact(text)
    if not re.fullmatch(r"[0-9]{9,11}", code):
        raise RecordError(f"{text!r} is not an IPI name number; it has 11 digits")
    code = code.zfill(11)
    total = sum((10 - position) * int(digit) for position, digit in enumerate(code[:9]))
    check = (101 - total % 101) % 101 % 100
    return _checked(code, f"{check:02d}", text, "IPI name number")


def isni(text: str) -> str:
    """Name identifier, ISO 27729: fifteen digits and a check character, ISO 7064 MOD 11-2."""
    code = _compact(text)
    if not re.fullmatch(r"[0-9]{15}[0-9X]", code):
        raise RecordError(f"{text!r} is not an ISNI; it has 16 digits, the last may be X")
    total = 0
    for digit in code[:15]:
        total = (total + int(digit)) * 2
    value = (12 - total % 11) % 11
    return _checked(code, "X" if value == 10 else str(value), text, "ISNI")


def upc(text: str) -> str:
    """Product code of a release, GS1: UPC-A with 12 digits or EAN-13, check digit modulo 10."""
    code = _compact(text)
    if not re.fullmatch(r"[0-9]{12,13}", code):
        raise RecordError(f"{text!r} is not a UPC or EAN; it has 12 or 13 digits")
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(code[:-1])))
    return _checked(code, str(-total % 10), text, "UPC/EAN")


def grid(text: str) -> str:
    """Release identifier, IFPI GRid: A1, fifteen characters and a check character, ISO 7064 MOD 37-36."""
    code = _compact(text)
    if code.startswith("GRID:"):
        code = code.removeprefix("GRID:")
    if not re.fullmatch(r"A1[0-9A-Z]{16}", code):
        raise RecordError(f"{text!r} is not a GRid; it has the form A1-XXXXX-XXXXXXXXXX-C")
    remainder = 36
    for character in code[:-1]:
        remainder = (remainder + _ALPHANUMERIC.index(character)) % 36 or 36
        remainder = remainder * 2 % 37
    return _checked(code, _ALPHANUMERIC[(1 - remainder) % 36], text, "GRid")


def dpid(text: str) -> str:
    """Party identifier of DDEX: PADPIDA, a date, a serial and a letter."""
    code = _compact(text)
    if not re.fullmatch(r"PADPIDA[0-9]{10}[0-9A-Z]", code):
        raise RecordError(f"{text!r} is not a DDEX party id; it has the form PADPIDA2014120301U")
    return code


def _compact(text: str) -> str:
    # Only ASCII: other scripts have digits too, and str.isdigit or \d would accept them.
    if not text.isascii():
        raise RecordError(f"{text!r} contains characters that no identifier has")
    return re.sub(r"[ .\-]", "", text).upper()


def _checked(code: str, check: str, text: str, name: str) -> str:
    if not code.endswith(check):
        raise RecordError(f"{text!r} is not a valid {name}: its check digit should be {check}")
    return code
