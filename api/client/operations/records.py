"""Records of ownership, and what is exported of them.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Download, Page
from ..calling import Calling, quoted
from ..shapes import Publication, RecordAnswer, RecordLine


class RecordsOperations(Calling):
    """Records of ownership, and what is exported of them."""

    def list_records(
        self,
        *,
        before: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal["created_at", "-created_at"] | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        sha256: str | None = None,
        status: Literal["asserted", "evidenced", "disputed", "revoked"] | None = None,
        isrc: str | None = None,
        title: str | None = None,
        owner: str | None = None,
        artist: str | None = None,
        q: str | None = None,
    ) -> Page[RecordLine]:
        """List records.

        The tenant's records, newest first unless sorted otherwise, found by what they say today.

        Args:
            before: the name that `cursor` had; the log entry of a record works, too
            limit: entries on a page
            cursor: `next` of the page before
            sort: `-`: newest first
            created_from: made at this moment or later
            created_to: made before this moment
            sha256: of a file, as it came or as it was tagged
            status: of the claim
            isrc: with or without hyphens
            title: the whole of it; case and accents do not matter
            owner: the whole of it; case and accents do not matter
            artist: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
        """
        answer: Page[RecordLine] = self._page(
            "GET",
            "/v1/records",
            query={
                "before": before,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "created_from": created_from,
                "created_to": created_to,
                "sha256": sha256,
                "status": status,
                "isrc": isrc,
                "title": title,
                "owner": owner,
                "artist": artist,
                "q": q,
            },
        )
        return answer

    def get_record(self, record_id: str) -> RecordAnswer:
        """Read a record.

        What the record says today and its status, after every signature and log entry was checked.

        `ETag` names its state, for `If-Match`: the revision and, after a dot, how many statements there
        are.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        answer: RecordAnswer = self._json("GET", f"/v1/records/{quoted(record_id)}")
        return answer

    def erase_record(self, record_id: str) -> None:
        """Erase a record.

        Erase the record, its events, manifests, fingerprint and tagging; its log entry names nobody.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        self._send("DELETE", f"/v1/records/{quoted(record_id)}")

    def get_record_envelope(self, record_id: str) -> Download:
        """Signed envelope.

        The DSSE envelope of the newest revision, as signed; earlier ones are events of the record.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/v1/records/{quoted(record_id)}/envelope")

    def get_record_proof(self, record_id: str) -> str:
        """Log proof.

        The newest revision's C2SP tlog-proof: inclusion proof and signed checkpoint, checked offline.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        return self._text("GET", f"/v1/records/{quoted(record_id)}/proof")

    def get_record_certificate(
        self,
        record_id: str,
        *,
        format: Literal["html", "pdf"] | None = None,
        lang: Literal["en", "de"] | None = None,
    ) -> Download:
        """Certificate of registration.

        What the verified record says today, for people; the PDF carries everything that proves it.

        Args:
            record_id: 16 hex digits: the watermark's message
            format: `html` or `pdf`
            lang: language of what people read; the signed file is the same in all

        Raises:
            Refused: 404, no such entry
        """
        return self._download(
            "GET", f"/v1/records/{quoted(record_id)}/certificate", query={"format": format, "lang": lang}
        )

    def get_publication(self, record_id: str) -> Publication:
        """Who may see a record.

        Whether everybody may see the record, or your tenant alone.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        answer: Publication = self._json("GET", f"/v1/records/{quoted(record_id)}/publication")
        return answer

    def publish_record(self, record_id: str) -> Publication:
        """Let everybody see a record.

        Whoever holds one of the record's files, byte for byte, then learns who claims it.

        They are told its number, title, owners, status and entry in the log (`POST /v1/verify/claims`), and
        nothing else of it.

        It ends when it is withdrawn, and by itself when other owners or shares are named.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        answer: Publication = self._json("PUT", f"/v1/records/{quoted(record_id)}/publication")
        return answer

    def withdraw_publication(self, record_id: str) -> None:
        """Make a record private again.

        What others have read is theirs already; from now on they read nothing.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        self._send("DELETE", f"/v1/records/{quoted(record_id)}/publication")

    def export_record_ddex(self, record_id: str) -> Download:
        """DDEX ERN 4.3.2 fragment.

        Parties and sound recording with the AI disclosure; header, releases and deals are the sender's.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/v1/records/{quoted(record_id)}/exports/ddex")

    def export_record_csv(self, record_id: str) -> Download:
        """CSV.

        A table with one row, in the columns that a catalogue import reads.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/v1/records/{quoted(record_id)}/exports/csv")

    def export_record_credential(self, record_id: str) -> Download:
        """W3C Verifiable Credential 2.0.

        The record as a JWT that the record key signs; its issuer is that key, as `did:key`.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/v1/records/{quoted(record_id)}/exports/credential")

    def export_record_evidence(self, record_id: str) -> Download:
        """Everything that proves it.

        A zip of every event with envelope, salt and proof, and the keys: `trackmark verify` checks it
        unpacked, without a network.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/v1/records/{quoted(record_id)}/exports/evidence")
