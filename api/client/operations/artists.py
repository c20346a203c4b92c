"""Enrolled voices and what their artists allow.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, Upload, given, quoted
from ..shapes import ArtistAnswer, ConsentAnswer, ConsentList, EnrolmentAnswer, ReadList


class ArtistsOperations(Calling):
    """Enrolled voices and what their artists allow."""

    def enrol_artist(
        self,
        *,
        files: Sequence[Upload],
        name: str,
        prefer: str | None = None,
        idempotency_key: str | None = None,
        consent: str | None = None,
    ) -> ArtistAnswer | EnrolmentAnswer:
        """Enrol a voice.

        Make a voice print from recordings. The recordings are erased before the answer is sent.

        A job makes it. Where that takes long, or with `Prefer: respond-async`, the answer is 202: follow
        `Location` until the state is neither `queued` nor `running`.

        Args:
            files: recordings of the voice
            prefer: `respond-async` (RFC 7240): answer 202 at once; the outcome is found at `Location`
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            consent: reference to the artist's written consent

        Raises:
            Refused: 409, the state does not allow this; 415, not a content type that is taken here
        """
        answer: ArtistAnswer | EnrolmentAnswer = self._json(
            "POST",
            "/v1/artists",
            headers={"Prefer": prefer},
            fields={"files": files, "name": name, "consent": consent},
            key=idempotency_key,
        )
        return answer

    def list_artists(
        self,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> Page[ArtistAnswer]:
        """List voices.

        The tenant's enrolled voices, by name unless sorted otherwise; all of them unless a limit is set.

        Args:
            sort: `-`: backwards
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
        """
        answer: Page[ArtistAnswer] = self._page(
            "GET",
            "/v1/artists",
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

    def delete_artist(self, name: str) -> None:
        """Erase a voice.

        Erase the voice print of the artist of that name or id with its key and every consent, for good.

        Args:
            name: name of the artist, or the id

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        self._send("DELETE", f"/v1/artists/{quoted(name)}")

    def list_voice_reads(self, name: str) -> ReadList:
        """List who opened a voice.

        Who opened the voice print of the artist of that name or id, when and for which audit, latest first.

        Args:
            name: name of the artist, or the id

        Raises:
            Refused: 404, no such entry
        """
        answer: ReadList = self._json("GET", f"/v1/artists/{quoted(name)}/reads")
        return answer

    def list_consents(self, name: str) -> ConsentList:
        """List consents.

        The consents of the artist of that name or id.

        Args:
            name: name of the artist, or the id

        Raises:
            Refused: 404, no such entry
        """
        answer: ConsentList = self._json("GET", f"/v1/artists/{quoted(name)}/consents")
        return answer

    def add_consent(
        self,
        name: str,
        *,
        scope: Sequence[str] | str,
        from_: date | str,
        idempotency_key: str | None = None,
        until: date | str | None = None,
        territory: Sequence[str] | str | None = None,
        licence: str | None = None,
        evidence_sha256: str | None = None,
    ) -> ConsentAnswer:
        """Add a consent.

        Put on file what the artist allows. It is never changed: add another one, or revoke it.

        Args:
            name: name of the artist, or the id
            scope: singing, speech, training: one or more
            from_: first day
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            until: last day; no end otherwise
            territory: ISO 3166-1 codes, or WORLD
            licence: reference to the contract
            evidence_sha256: hash of the signed paper

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: ConsentAnswer = self._json(
            "POST",
            f"/v1/artists/{quoted(name)}/consents",
            body={
                "scope": scope,
                "from": from_,
                **given(until=until, territory=territory, licence=licence, evidence_sha256=evidence_sha256),
            },
            key=idempotency_key,
        )
        return answer

    def revoke_consent(
        self, name: str, *, id: str, reason: str, idempotency_key: str | None = None
    ) -> ConsentAnswer:
        """Revoke a consent.

        End a consent at once and for good; audits say `revoked` from then on.

        Args:
            name: name of the artist, or the id
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: ConsentAnswer = self._json(
            "POST",
            f"/v1/artists/{quoted(name)}/consents/revocations",
            body={"id": id, "reason": reason},
            key=idempotency_key,
        )
        return answer

    def get_enrolment(self, enrolment_id: str) -> EnrolmentAnswer:
        """Follow an enrolment.

        The enrolment's state and, once it succeeded, the artist.

        Args:
            enrolment_id: id of the enrolment

        Raises:
            Refused: 404, no such entry
        """
        answer: EnrolmentAnswer = self._json("GET", f"/v1/enrolments/{quoted(enrolment_id)}")
        return answer

    def cancel_enrolment(self, enrolment_id: str, *, idempotency_key: str | None = None) -> EnrolmentAnswer:
        """Stop an enrolment.

        End what waits at once. What runs stops at its next step: follow it until it is `cancelled`.

        Args:
            enrolment_id: id of the enrolment
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: EnrolmentAnswer = self._json(
            "POST", f"/v1/enrolments/{quoted(enrolment_id)}/cancel", key=idempotency_key
        )
        return answer
