"""Audits, records and cases as one table.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Download, Page
from ..calling import Calling, given, quoted
from ..shapes import ExportAnswer


class ExportsOperations(Calling):
    """Audits, records and cases as one table."""

    def create_export(
        self,
        *,
        what: Literal["audits", "records", "cases"],
        idempotency_key: str | None = None,
        format: Literal["parquet", "csv", "jsonl"] | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> ExportAnswer:
        """Export a table.

        Make one table of audits, records or cases, as a job. Follow `Location`; then fetch `links.file`.

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            created_from: made at this moment or later
            created_to: made before this moment; now otherwise

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: ExportAnswer = self._json(
            "POST",
            "/v1/exports",
            body={"what": what, **given(format=format, created_from=created_from, created_to=created_to)},
            key=idempotency_key,
        )
        return answer

    def list_exports(
        self,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> Page[ExportAnswer]:
        """List exports.

        The tenant's exports of what the caller may read; `name` is `audits.csv` and the like.

        Args:
            sort: `-`: backwards
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
        """
        answer: Page[ExportAnswer] = self._page(
            "GET",
            "/v1/exports",
            query={
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "name": name,
                "q": q,
                "created_from": created_from,
                "created_to": created_to,
            },
        )
        return answer

    def get_export(self, export_id: str) -> ExportAnswer:
        """Follow an export.

        How far an export has come.

        Args:
            export_id: id of the export

        Raises:
            Refused: 404, no such entry
        """
        answer: ExportAnswer = self._json("GET", f"/v1/exports/{quoted(export_id)}")
        return answer

    def delete_export(self, export_id: str) -> None:
        """Erase an export.

        Erase an export before it expires; one that is under way is stopped.

        Args:
            export_id: id of the export

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        self._send("DELETE", f"/v1/exports/{quoted(export_id)}")

    def get_export_file(self, export_id: str) -> Download:
        """Fetch an export.

        The file, with its digest in `Content-Digest`.

        Args:
            export_id: id of the export

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        return self._download("GET", f"/v1/exports/{quoted(export_id)}/file")
