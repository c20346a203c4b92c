"""What a test needs of the machine beyond Python, and what happens where it is not there.

A test that cannot run is left out, and the last lines of the run say which, why and how to have it run. With
`TRACKMARK_TEST_ALL=1`, as continuous integration sets it, it fails instead.
"""

import os
from dataclasses import dataclass
from typing import NoReturn

import pytest

COMPLETE = "TRACKMARK_TEST_ALL"
MARK = "left out: "


@dataclass(frozen=True)
class Need:
    """Something that pip cannot install everywhere.

    Attributes:
        what: the tests that need it, in words.
        name: what is missing.
        how: how to have it.
    """

    what: str
    name: str
    how: str

    @property
    def text(self) -> str:
        """One line that says what was not run, and how to have it run."""
        return f"{self.what}: {self.name} is not on this machine; {self.how}"


TOKEN = Need(
    "keys in a hardware module",
    "SoftHSM, a PKCS#11 token in software,",
    "to run them: apt-get install softhsm2, or brew install softhsm",
)
OPENSSL = Need(
    "time stamps checked by OpenSSL",
    "the openssl command",
    "to run them: apt-get install openssl, or brew install openssl",
)
POSTGRESQL = Need(
    "the registry on PostgreSQL",
    "a PostgreSQL server",
    "to run them: apt-get install postgresql, or brew install postgresql",
)
BROWSER = Need(
    "the pages in a browser",
    "Chromium",
    "to run them: apt-get install chromium",
)


def left_out(need: Need) -> NoReturn:
    """End the running test: it is left out, or fails where everything must run."""
    if os.environ.get(COMPLETE):
        pytest.fail(f"{need.text} ({COMPLETE} is set)", pytrace=False)
    pytest.skip(MARK + need.text)


def summary(reasons: list[str]) -> list[str]:
    """One line for each need, with the number of its tests; `reasons` is why each test was skipped."""
    told = [reason.partition(MARK)[2] for reason in reasons if MARK in reason]
    return [f"Not run: {told.count(text)} tests of {text}" for text in dict.fromkeys(told)]
