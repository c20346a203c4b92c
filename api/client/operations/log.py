"""The transparency log, for everybody.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any

from ..answers import Download
from ..calling import Calling, quoted
from ..shapes import HashPath, KeyEventList


class LogOperations(Calling):
    """The transparency log, for everybody."""

    def get_checkpoint(self) -> str:
        """Newest checkpoint.

        The log's size and root, signed by the log.
        """
        return self._text("GET", "/v1/log/checkpoint")

    def get_witnessed_checkpoint(self) -> str:
        """Newest co-signed checkpoint.

        The newest checkpoint that witnesses co-signed.

        Raises:
            Refused: 404, no such entry
        """
        return self._text("GET", "/v1/log/witnessed")

    def get_log_key(self) -> str:
        """The log's key.

        The key that verifies checkpoints, as a C2SP verifier key.
        """
        return self._text("GET", "/v1/log/key")

    def get_log_handovers(self) -> KeyEventList:
        """Changes of the log's key.

        Every rotation and revocation of the log's key, signed and logged, for whoever knows an older key.
        """
        answer: KeyEventList = self._json("GET", "/v1/log/handovers")
        return answer

    def get_inclusion_proof(self, *, index: int, size: int | None = None) -> HashPath:
        """Inclusion proof.

        Proof that entry `index` is in the log of `size` entries (default: the newest checkpoint's).

        Args:
            index: in entries of the log
            size: that of the newest checkpoint otherwise

        Raises:
            Refused: 404, no such entry
        """
        answer: HashPath = self._json("GET", "/v1/log/proofs/inclusion", query={"index": index, "size": size})
        return answer

    def get_consistency_proof(self, *, old_size: int, size: int | None = None) -> HashPath:
        """Consistency proof.

        Proof that the log of `old_size` entries is the beginning of that of `size`, unchanged.

        Args:
            old_size: in entries of the log
            size: that of the newest checkpoint otherwise

        Raises:
            Refused: 404, no such entry
        """
        answer: HashPath = self._json(
            "GET", "/v1/log/proofs/consistency", query={"old_size": old_size, "size": size}
        )
        return answer

    def get_log_entry(self, index: int) -> dict[str, Any]:
        """One entry.

        The canonical bytes whose leaf hash is in the tree.

        Args:
            index: of the entry, from 0

        Raises:
            Refused: 404, no such entry
        """
        answer: dict[str, Any] = self._json("GET", f"/v1/log/entries/{quoted(index)}")
        return answer

    def get_tile(self, path: str) -> Download:
        """Tile of hashes or entries.

        C2SP tlog-tiles: `<level>/<number>[.p/<width>]` or `entries/<number>[.p/<width>]`.

        Args:
            path: as C2SP has it: `0/000`, `entries/000`

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/v1/log/tile/{path}")
