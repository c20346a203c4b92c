"""Known vulnerabilities of the tested set, by OSV's list: `python -m lab.vulnerabilities`. Needs a network.

Names and versions of public packages are sent there and nothing else. Ends with 0 where none is known, 1
where some are, 2 where the list cannot be asked: then nothing is known, which is not the same.
"""

import sys
from collections.abc import Mapping
from typing import Any

import httpx

from core import install

OSV = "https://api.osv.dev/v1/querybatch"
NONE, SOME, UNKNOWN = 0, 1, 2


def asked(pins: Mapping[str, str]) -> dict[str, object]:
    """The question, in OSV's words."""
    return {
        "queries": [
            {"package": {"ecosystem": "PyPI", "name": name}, "version": version}
            for name, version in pins.items()
        ]
    }


def known(pins: Mapping[str, str], transport: httpx.BaseTransport | None = None) -> dict[str, list[str]]:
    """The numbers of what is known of each package that has any.

    Raises:
        httpx.HTTPError: the list cannot be asked.
        ValueError: what it answers is no answer.
    """
    with httpx.Client(transport=transport, timeout=30) as client:
        answer = client.post(OSV, json=asked(pins))
        answer.raise_for_status()
        results = answer.json()["results"]
    if len(results) != len(pins):
        raise ValueError(f"{len(results)} answers to {len(pins)} questions")
    told = {name: _numbers(found) for name, found in zip(pins, results, strict=True)}
    return {name: numbers for name, numbers in told.items() if numbers}


def _numbers(found: Mapping[str, Any]) -> list[str]:
    """What is known of a package; the list tells that it knows more where it has too much for one answer."""
    more = ["and more, which osv.dev tells"] if found.get("next_page_token") else []
    return [one["id"] for one in found.get("vulns") or ()] + more


def main(transport: httpx.BaseTransport | None = None) -> int:
    """Ask, and say what is known."""
    pins = install.pins()
    try:
        found = known(pins, transport)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        print(f"the list of vulnerabilities cannot be asked ({OSV}): {error}", file=sys.stderr)
        print("Nothing was checked. Try again where there is a network.", file=sys.stderr)
        return UNKNOWN
    for name, numbers in found.items():
        print(f"{name} {pins[name]}: {', '.join(numbers)}")
    print(f"{len(pins)} packages, {len(found)} with known vulnerabilities")
    return SOME if found else NONE


if __name__ == "__main__":
    sys.exit(main())
