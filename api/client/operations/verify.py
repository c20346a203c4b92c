"""Verification for everybody.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..calling import Calling
from ..shapes import PublicClaims, VerifiedReport


class VerifyOperations(Calling):
    """Verification for everybody."""

    def verify_report(self, *, report: Mapping[str, object] | bytes) -> VerifiedReport:
        """Verify a report.

        Check a signed report as it was downloaded, byte for byte. No key is needed, and nothing is kept of
        it.

        The answer rests on this server. Who does not trust it runs `trackmark verify-report` with keys of
        the registry that came another way.

        Args:
            report: the DSSE envelope

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: VerifiedReport = self._json("POST", "/v1/verify", body=report)
        return answer

    def verify_file(self, *, sha256: str) -> PublicClaims:
        """Who claims a file.

        Who claims the file that has this digest. No key is needed, no audio is sent, and nothing is kept.

        Only records that their owners made public answer, and only to the very file that they name: no
        answer does not mean that nobody claims it. Where one of them does not verify, none is told.

        Args:
            sha256: SHA-256 of the whole file, in lower-case hex digits

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: PublicClaims = self._json("POST", "/v1/verify/claims", body={"sha256": sha256})
        return answer
