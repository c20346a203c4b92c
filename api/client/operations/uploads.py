"""Uploads that can be resumed, by tus.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ..answers import Page
from ..calling import Calling, quoted
from ..shapes import UploadAnswer


class UploadsOperations(Calling):
    """Uploads that can be resumed, by tus."""

    def create_upload(
        self,
        *,
        upload_length: int,
        tus_resumable: Literal["1.0.0"] = "1.0.0",
        upload_metadata: str | None = None,
        upload_checksum: str | None = None,
        idempotency_key: str | None = None,
        content: bytes | None = None,
    ) -> Mapping[str, str]:
        """Begin an upload.

        Begin an upload at `Location`; its first bytes may come along, or all of them.

        Args:
            upload_length: of the whole file
            tus_resumable: the version that is spoken
            upload_metadata: `filename` and others, each in Base64
            upload_checksum: sha1 or sha256 of the body, in Base64; a body that does not agree is not kept
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 409, the state does not allow this; 412, the entry has changed meanwhile; 415, not a
                content type that is taken here; 460, the checksum does not agree
        """
        return self._headers(
            "POST",
            "/v1/uploads",
            headers={
                "Upload-Length": upload_length,
                "Tus-Resumable": tus_resumable,
                "Upload-Metadata": upload_metadata,
                "Upload-Checksum": upload_checksum,
                "Content-Type": "application/offset+octet-stream",
            },
            content=content,
            key=idempotency_key,
        )

    def list_uploads(self, *, limit: int | None = None, cursor: str | None = None) -> Page[UploadAnswer]:
        """List uploads.

        The tenant's uploads, newest first, the incomplete ones too.

        Args:
            limit: entries on a page
            cursor: `next` of the page before
        """
        answer: Page[UploadAnswer] = self._page(
            "GET", "/v1/uploads", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def get_upload(self, upload_id: str, *, tus_resumable: Literal["1.0.0"] | None = None) -> UploadAnswer:
        """Follow an upload.

        How far an upload has come. `HEAD` tells it in `Upload-Offset`, as clients of tus ask.

        Args:
            upload_id: id of the upload
            tus_resumable: the version that is spoken

        Raises:
            Refused: 404, no such entry; 412, the entry has changed meanwhile
        """
        answer: UploadAnswer = self._json(
            "GET", f"/v1/uploads/{quoted(upload_id)}", headers={"Tus-Resumable": tus_resumable}
        )
        return answer

    def continue_upload(
        self,
        upload_id: str,
        *,
        upload_offset: int,
        content: bytes,
        tus_resumable: Literal["1.0.0"] = "1.0.0",
        upload_checksum: str | None = None,
    ) -> Mapping[str, str]:
        """Send a piece.

        Add bytes where the last ones ended; what came of a piece that broke off is kept.

        Args:
            upload_id: id of the upload
            upload_offset: where the piece begins
            tus_resumable: the version that is spoken
            upload_checksum: sha1 or sha256 of the body, in Base64; a body that does not agree is not kept

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 415, not a content type that is taken here; 423, another request writes to the
                upload; 460, the checksum does not agree
        """
        return self._headers(
            "PATCH",
            f"/v1/uploads/{quoted(upload_id)}",
            headers={
                "Upload-Offset": upload_offset,
                "Tus-Resumable": tus_resumable,
                "Upload-Checksum": upload_checksum,
                "Content-Type": "application/offset+octet-stream",
            },
            content=content,
        )

    def delete_upload(self, upload_id: str) -> None:
        """Delete an upload.

        Erase what came; jobs that were made of it keep their copy until they end.

        Args:
            upload_id: id of the upload

        Raises:
            Refused: 404, no such entry
        """
        self._send("DELETE", f"/v1/uploads/{quoted(upload_id)}")
