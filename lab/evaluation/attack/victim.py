"""Another tenant's day: it reads an audit and has files audited, and notes how long each took."""

import statistics
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

READ_EVERY_S = 0.25
AUDIT_EVERY_S = 3.0
LOOK_EVERY_S = 0.2
PATIENCE_S = 120.0
FORM = {"checks": "fingerprint,credentials"}


@dataclass
class Times:
    """Seconds that each answer took, and what went wrong."""

    reads: list[float] = field(default_factory=list)
    audits: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Victim:
    """A tenant that goes about its business.

    Args:
        url: of the server.
        key: the tenant's.
        file: that it has audited.
    """

    def __init__(self, url: str, key: str, file: Path) -> None:
        self._url, self._file = url, file
        self._headers = {"Authorization": f"Bearer {key}"}

    def live(self, seconds: float) -> Times:
        """Read and audit for a while."""
        found = Times()
        with httpx.Client(
            base_url=self._url, headers=self._headers, timeout=PATIENCE_S, trust_env=False
        ) as http:
            where = self._audited(http, found)
            end = time.monotonic() + seconds
            reading = threading.Thread(target=self._read, args=(http, where, found, end))
            reading.start()
            while time.monotonic() < end:
                begun = time.monotonic()
                self._audited(http, found)
                time.sleep(max(0.0, begun + AUDIT_EVERY_S - time.monotonic()))
            reading.join()
        return found

    def _read(self, http: httpx.Client, where: str, found: Times, end: float) -> None:
        while time.monotonic() < end:
            begun = time.monotonic()
            try:
                answer = http.get(where)
                if answer.status_code != 200:
                    found.failures.append(f"read: {answer.status_code}")
            except httpx.HTTPError as error:
                found.failures.append(f"read: {type(error).__name__}")
            found.reads.append(time.monotonic() - begun)
            time.sleep(READ_EVERY_S)

    def _audited(self, http: httpx.Client, found: Times) -> str:
        """Have the file audited; returns where."""
        begun = time.monotonic()
        try:
            with self._file.open("rb") as body:
                answer = http.post("/v1/audits", files={"file": ("song.flac", body)}, data=FORM)
            if answer.status_code != 202:
                found.failures.append(f"audit: {answer.status_code}")
                return ""
            where = str(answer.headers["location"])
            while (state := http.get(where).json()["state"]) in ("queued", "running"):
                time.sleep(LOOK_EVERY_S)
            if state != "succeeded":
                found.failures.append(f"audit: {state}")
        except httpx.HTTPError as error:
            found.failures.append(f"audit: {type(error).__name__}")
            return ""
        found.audits.append(time.monotonic() - begun)
        return where


def p95(seconds: list[float]) -> float:
    """The time that 95 % stay below."""
    return statistics.quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else float("nan")
