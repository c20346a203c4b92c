"""Two files side by side.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Download, Page
from ..calling import Calling, Upload, quoted
from ..shapes import ComparisonAnswer, Outline


class ComparisonsOperations(Calling):
    """Two files side by side."""

    def create_comparison(
        self,
        *,
        idempotency_key: str | None = None,
        original: Upload | None = None,
        suspect: Upload | None = None,
        original_upload_id: str | None = None,
        suspect_upload_id: str | None = None,
        retain: bool | None = None,
        search: Literal["quick", "full"] | None = None,
        priority: Literal["low", "normal", "high"] | None = None,
    ) -> ComparisonAnswer:
        """Compare two files.

        Accept an original and a suspected copy: is one heard in the other, where, and at which speed?

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            original: the recording that may have been used
            suspect: the recording that may hold it
            original_upload_id: instead of `original`
            suspect_upload_id: instead of `suspect`
            retain: keep the audio, to hear both
            search: how far to look for marks; the service's setting otherwise
            priority: among one's own jobs

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 415, not a content type that is
                taken here
        """
        answer: ComparisonAnswer = self._json(
            "POST",
            "/v1/comparisons",
            fields={
                "original": original,
                "suspect": suspect,
                "original_upload_id": original_upload_id,
                "suspect_upload_id": suspect_upload_id,
                "retain": retain,
                "search": search,
                "priority": priority,
            },
            key=idempotency_key,
        )
        return answer

    def list_comparisons(
        self,
        *,
        state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal["created_at", "-created_at"] | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        sha256: str | None = None,
        q: str | None = None,
    ) -> Page[ComparisonAnswer]:
        """List comparisons.

        The tenant's comparisons, newest first unless sorted otherwise, found by either file.

        Args:
            state: as in the answers
            limit: entries on a page
            cursor: `next` of the page before
            sort: `-`: newest first
            created_from: made at this moment or later
            created_to: made before this moment
            sha256: of a file, as it came or as it was tagged
            q: whole words, all of which must be there; case and accents do not matter
        """
        answer: Page[ComparisonAnswer] = self._page(
            "GET",
            "/v1/comparisons",
            query={
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "created_from": created_from,
                "created_to": created_to,
                "sha256": sha256,
                "q": q,
            },
        )
        return answer

    def get_comparison(self, comparison_id: str) -> ComparisonAnswer:
        """Follow a comparison.

        The comparison's state and, once it succeeded, what was found.

        Args:
            comparison_id: id of the comparison

        Raises:
            Refused: 404, no such entry
        """
        answer: ComparisonAnswer = self._json("GET", f"/v1/comparisons/{quoted(comparison_id)}")
        return answer

    def delete_comparison(self, comparison_id: str) -> None:
        """Erase a comparison.

        Erase a comparison with its findings, report and audio; one that has not ended is stopped.

        Args:
            comparison_id: id of the comparison

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        self._send("DELETE", f"/v1/comparisons/{quoted(comparison_id)}")

    def cancel_comparison(
        self, comparison_id: str, *, idempotency_key: str | None = None
    ) -> ComparisonAnswer:
        """Stop a comparison.

        End what waits at once. What runs stops at its next step: follow it until it is `cancelled`.

        Args:
            comparison_id: id of the comparison
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: ComparisonAnswer = self._json(
            "POST", f"/v1/comparisons/{quoted(comparison_id)}/cancel", key=idempotency_key
        )
        return answer

    def retry_comparison(self, comparison_id: str, *, idempotency_key: str | None = None) -> ComparisonAnswer:
        """Try a comparison again.

        Queue what failed, expired or was cancelled, while its audio is kept.

        Args:
            comparison_id: id of the comparison
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: ComparisonAnswer = self._json(
            "POST", f"/v1/comparisons/{quoted(comparison_id)}/retry", key=idempotency_key
        )
        return answer

    def get_comparison_report(
        self,
        comparison_id: str,
        *,
        format: Literal["dsse", "html", "pdf"] | None = None,
        lang: Literal["en", "de"] | None = None,
    ) -> Download:
        """Signed report of a comparison.

        The signed report; as a page or PDF with `format`, or where `Accept` prefers one.

        Page and PDF repeat what is signed, checked with this registry's keys; the PDF carries the signed
        file. A failed comparison answers with the problem that made it fail; one of an earlier release left
        no report.

        Args:
            comparison_id: id of the comparison
            format: `html` or `pdf` to read; without it what `Accept` prefers
            lang: language of what people read; the signed file is the same in all

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        return self._download(
            "GET", f"/v1/comparisons/{quoted(comparison_id)}/report", query={"format": format, "lang": lang}
        )

    def get_compared_outline(self, comparison_id: str, role: Literal["original", "suspect"]) -> Outline:
        """Waveform of one file.

        The waveform for a player: lowest and highest sample of equal stretches.

        Args:
            comparison_id: id of the comparison
            role: which of the two files

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: Outline = self._json("GET", f"/v1/comparisons/{quoted(comparison_id)}/{quoted(role)}/outline")
        return answer

    def get_compared_sound(self, comparison_id: str, role: Literal["original", "suspect"]) -> Download:
        """Listen to one file.

        A copy to listen to, of audio that was retained; not the file that was compared.

        Args:
            comparison_id: id of the comparison
            role: which of the two files

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        return self._download("GET", f"/v1/comparisons/{quoted(comparison_id)}/{quoted(role)}/sound")
