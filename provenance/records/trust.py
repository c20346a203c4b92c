"""The keys that a verifier trusts, by purpose.

A key is trusted for one purpose only: whoever may sign reports may not thereby sign records.
"""

import json
from dataclasses import dataclass

from core.errors import KeyFileError, SignatureError
from provenance.records import canonical
from provenance.records.keys import PublicKey
from provenance.records.note import NoteKey


@dataclass(frozen=True)
class TrustedKeys:
    """Trusted keys: record and report signers, and the logs and witnesses of checkpoints."""

    record: tuple[PublicKey, ...] = ()
    report: tuple[PublicKey, ...] = ()
    log: tuple[NoteKey, ...] = ()

    def to_json(self) -> bytes:
        """The file `keys.json`: PEM texts and verifier keys."""
        value = {
            "log": [key.vkey for key in self.log],
            "record": [key.pem.decode() for key in self.record],
            "report": [key.pem.decode() for key in self.report],
            "v": 1,
        }
        return json.dumps(value, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes) -> "TrustedKeys":
        """Read what `to_json` wrote.

        Raises:
            KeyFileError: malformed, or a key of an unsupported kind.
        """
        value = canonical.decode_lenient(data, KeyFileError)
        if not isinstance(value, dict) or value.get("v") != 1:
            raise KeyFileError("the key list is not of version 1")
        lists = {}
        for name in ("record", "report", "log"):
            items = value.get(name, [])
            if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
                raise KeyFileError(f"{name} in the key list must be a list of texts")
            lists[name] = items
        try:
            logs = tuple(NoteKey.from_vkey(item) for item in lists["log"])
        except SignatureError as error:
            raise KeyFileError(str(error)) from error
        return cls(
            record=tuple(PublicKey.from_pem(item.encode()) for item in lists["record"]),
            report=tuple(PublicKey.from_pem(item.encode()) for item in lists["report"]),
            log=logs,
        )
