"""The keys that a verifier trusts, by purpose.

A key is trusted for one purpose only: whoever may sign reports may not thereby sign records. Keys that were
retired, revoked or stolen stay in the list with their dates, so that what they signed before stays valid.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cryptography import x509

from core.errors import KeyFileError, RecordError, SignatureError
from provenance.records import canonical, fields
from provenance.records.authorities import read_roots, to_pem
from provenance.records.keylife import VALID, KeyLife, Seen, judge
from provenance.records.keys import PublicKey
from provenance.records.note import NoteKey


@dataclass(frozen=True)
class TrustedKeys:
    """Trusted keys: record and report signers, and the logs and witnesses of checkpoints.

    `lives` holds the dates of those keys (of any purpose) that have some; `tsa` the root certificates of
    time-stamp authorities.
    """

    record: tuple[PublicKey, ...] = ()
    report: tuple[PublicKey, ...] = ()
    log: tuple[NoteKey, ...] = ()
    lives: tuple[KeyLife, ...] = ()
    tsa: tuple[x509.Certificate, ...] = ()

    @cached_property
    def _life_of(self) -> Mapping[str, KeyLife]:
        return {life.keyid: life for life in self.lives}

    def judge(self, keyid: str, seen: Seen) -> str:
        """Whether a good signature by this key counts: `judge` of its life, `valid` if it has none.

        Raises:
            SignatureError: it does not.
        """
        life = self._life_of.get(keyid)
        return VALID if life is None else judge(life, seen)

    def last_size(self, keyid: str) -> int | None:
        """How large the log was when a key of it was retired; None where it was not."""
        life = self._life_of.get(keyid)
        return None if life is None or life.not_after is None else life.log_size

    def to_json(self) -> bytes:
        """The file `keys.json`: PEM texts, verifier keys, and the dates of keys that have some.

        It is of version 2 where a key has ended: a reader that knows no dates must refuse it, not believe it.
        One that knows no time-stamp authorities sees fewer proofs of age, and so believes less.
        """
        value: dict[str, Any] = {
            "log": [key.vkey for key in self.log],
            "record": [key.pem.decode() for key in self.record],
            "report": [key.pem.decode() for key in self.report],
            "v": 2 if any(life.ended for life in self.lives) else 1,
        }
        if self.lives:
            value["lives"] = fields.to_json(self.lives)
        if self.tsa:
            value["tsa"] = [to_pem(root) for root in self.tsa]
        return json.dumps(value, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> "TrustedKeys":
        """Read what `to_json` wrote.

        Raises:
            KeyFileError: malformed, or a key of an unsupported kind.
        """
        value = canonical.decode_lenient(data, KeyFileError)
        if not isinstance(value, dict) or value.get("v") not in (1, 2):
            raise KeyFileError("the key list is not of version 1 or 2")
        lists = {}
        for name in ("record", "report", "log", "tsa"):
            items = value.get(name, [])
            if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
                raise KeyFileError(f"{name} in the key list must be a list of texts")
            lists[name] = items
        try:
            logs = tuple(NoteKey.from_vkey(item) for item in lists["log"])
        except SignatureError as error:
            raise KeyFileError(str(error)) from error
        return cls(
            lives=_lives(value.get("lives", [])),
            record=tuple(PublicKey.from_pem(item.encode()) for item in lists["record"]),
            report=tuple(PublicKey.from_pem(item.encode()) for item in lists["report"]),
            log=logs,
            tsa=tuple(root for item in lists["tsa"] for root in read_roots(item.encode())),
        )


def _lives(items: object) -> tuple[KeyLife, ...]:
    if not isinstance(items, list):
        raise KeyFileError("lives in the key list must be a list")
    try:
        lives = tuple(fields.from_json(KeyLife, item, "key life") for item in items)
    except RecordError as error:
        raise KeyFileError(str(error)) from error
    if len({life.keyid for life in lives}) != len(lives):
        raise KeyFileError("the key list gives a key two lives")
    return lives
