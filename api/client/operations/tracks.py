"""Tracks: tagged with a mark, a signed record and credentials.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Download, Page
from ..calling import Calling, Upload, quoted
from ..shapes import TrackAnswer


class TracksOperations(Calling):
    """Tracks: tagged with a mark, a signed record and credentials."""

    def create_track(
        self,
        *,
        title: str,
        owner: str,
        idempotency_key: str | None = None,
        file: Upload | None = None,
        upload_id: str | None = None,
        isrc: str | None = None,
        ai: Literal["all", "partly", "none"] | None = None,
        generator: str | None = None,
        format: Literal["wav", "flac", "mp3", "m4a", "ogg", "opus"] | None = None,
        strength: float | None = None,
        retain: bool | None = None,
        priority: Literal["low", "normal", "high"] | None = None,
    ) -> TrackAnswer:
        """Tag a track.

        Accept a track for watermark, signed record and credentials. Follow `Location`.

        Args:
            owner: holder of the master right
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            file: the audio file
            upload_id: id of a complete upload (`/v1/uploads`), instead of `file`
            ai: made by a machine?
            retain: keep the uploaded original
            priority: among one's own jobs

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 415, not a content type that is
                taken here
        """
        answer: TrackAnswer = self._json(
            "POST",
            "/v1/tracks",
            fields={
                "title": title,
                "owner": owner,
                "file": file,
                "upload_id": upload_id,
                "isrc": isrc,
                "ai": ai,
                "generator": generator,
                "format": format,
                "strength": strength,
                "retain": retain,
                "priority": priority,
            },
            key=idempotency_key,
        )
        return answer

    def list_tracks(
        self,
        *,
        state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal["created_at", "-created_at"] | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        sha256: str | None = None,
        record: str | None = None,
        isrc: str | None = None,
        title: str | None = None,
        owner: str | None = None,
        q: str | None = None,
    ) -> Page[TrackAnswer]:
        """List tracks.

        The tenant's taggings, newest first unless sorted otherwise, found by any of their terms together.

        Args:
            state: as in the answers
            limit: entries on a page
            cursor: `next` of the page before
            sort: `-`: newest first
            created_from: made at this moment or later
            created_to: made before this moment
            sha256: of a file, as it came or as it was tagged
            record: id of the record
            isrc: with or without hyphens
            title: the whole of it; case and accents do not matter
            owner: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
        """
        answer: Page[TrackAnswer] = self._page(
            "GET",
            "/v1/tracks",
            query={
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "created_from": created_from,
                "created_to": created_to,
                "sha256": sha256,
                "record": record,
                "isrc": isrc,
                "title": title,
                "owner": owner,
                "q": q,
            },
        )
        return answer

    def get_track(self, track_id: str) -> TrackAnswer:
        """Follow a tagging.

        The tagging's state and, once it succeeded, the record and the link to the file.

        Args:
            track_id: id of the track

        Raises:
            Refused: 404, no such entry
        """
        answer: TrackAnswer = self._json("GET", f"/v1/tracks/{quoted(track_id)}")
        return answer

    def cancel_track(self, track_id: str, *, idempotency_key: str | None = None) -> TrackAnswer:
        """Stop a tagging.

        End what waits at once. What runs stops at its next step: follow it until it is `cancelled`.

        Args:
            track_id: id of the track
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: TrackAnswer = self._json("POST", f"/v1/tracks/{quoted(track_id)}/cancel", key=idempotency_key)
        return answer

    def retry_track(self, track_id: str, *, idempotency_key: str | None = None) -> TrackAnswer:
        """Try a tagging again.

        Queue what failed, expired or was cancelled, while its audio is kept.

        Args:
            track_id: id of the track
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: TrackAnswer = self._json("POST", f"/v1/tracks/{quoted(track_id)}/retry", key=idempotency_key)
        return answer

    def get_track_file(self, track_id: str) -> Download:
        """Tagged file.

        The tagged audio, while it is kept. A failed tagging answers with the problem that made it fail.

        Args:
            track_id: id of the track

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 410, it was erased when its
                time was over
        """
        return self._download("GET", f"/v1/tracks/{quoted(track_id)}/file")
