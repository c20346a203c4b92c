"""Audits: whose a file is, whether it bears traces of a machine, in whose voice.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Download, Page
from ..calling import Calling, Upload, quoted
from ..shapes import AuditAnswer, Outline


class AuditsOperations(Calling):
    """Audits: whose a file is, whether it bears traces of a machine, in whose voice."""

    def create_audit(
        self,
        *,
        idempotency_key: str | None = None,
        file: Upload | None = None,
        upload_id: str | None = None,
        artist: str | None = None,
        checks: str | None = None,
        policy: str | None = None,
        retain: bool | None = None,
        search: Literal["quick", "full"] | None = None,
        priority: Literal["low", "normal", "high"] | None = None,
    ) -> AuditAnswer:
        """Audit a file.

        Accept a file for audit. Follow `Location` until the state is neither `queued` nor `running`.

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            file: the audio file
            upload_id: id of a complete upload (`/v1/uploads`), instead of `file`
            artist: compare the vocals with this enrolled artist only
            checks: comma-separated, out of watermark, credentials, fingerprint, music, voice, originality;
                all but the last unless given
            policy: a policy as TOML; the default policy otherwise
            retain: keep the audio after the audit
            search: how far to look for the mark; the service's setting otherwise
            priority: among one's own jobs

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 415, not a content type that is
                taken here
        """
        answer: AuditAnswer = self._json(
            "POST",
            "/v1/audits",
            fields={
                "file": file,
                "upload_id": upload_id,
                "artist": artist,
                "checks": checks,
                "policy": policy,
                "retain": retain,
                "search": search,
                "priority": priority,
            },
            key=idempotency_key,
        )
        return answer

    def list_audits(
        self,
        *,
        state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal["created_at", "-created_at"] | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        decision: Literal["accept", "review", "reject"] | None = None,
        verdict: Literal[
            "match",
            "disputed",
            "record_revoked",
            "transplant_suspected",
            "mark_removed_or_unmarked",
            "fingerprint_only",
            "mark_unconfirmed",
            "unknown_mark",
            "record_invalid",
            "credentials_only",
            "no_record",
            "not_checked",
        ]
        | None = None,
        ai: Literal["synthetic", "no_trace", "uncertain"] | None = None,
        sha256: str | None = None,
        record: str | None = None,
        isrc: str | None = None,
        title: str | None = None,
        owner: str | None = None,
        artist: str | None = None,
        q: str | None = None,
    ) -> Page[AuditAnswer]:
        """List audits.

        The tenant's audits, newest first unless sorted otherwise, found by any of their terms together.

        Args:
            state: as in the answers
            limit: entries on a page
            cursor: `next` of the page before
            sort: `-`: newest first
            created_from: made at this moment or later
            created_to: made before this moment
            decision: of the policy
            verdict: of the ownership
            ai: of the music
            sha256: of a file, as it came or as it was tagged
            record: id of the record
            isrc: with or without hyphens
            title: the whole of it; case and accents do not matter
            owner: the whole of it; case and accents do not matter
            artist: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
        """
        answer: Page[AuditAnswer] = self._page(
            "GET",
            "/v1/audits",
            query={
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "created_from": created_from,
                "created_to": created_to,
                "decision": decision,
                "verdict": verdict,
                "ai": ai,
                "sha256": sha256,
                "record": record,
                "isrc": isrc,
                "title": title,
                "owner": owner,
                "artist": artist,
                "q": q,
            },
        )
        return answer

    def get_audit(self, audit_id: str) -> AuditAnswer:
        """Follow an audit.

        The audit's state and, once it succeeded, its findings.

        Args:
            audit_id: id of the audit

        Raises:
            Refused: 404, no such entry
        """
        answer: AuditAnswer = self._json("GET", f"/v1/audits/{quoted(audit_id)}")
        return answer

    def delete_audit(self, audit_id: str) -> None:
        """Erase an audit.

        Erase an audit with its findings, report, picture and audio; one that has not ended is stopped.

        Args:
            audit_id: id of the audit

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        self._send("DELETE", f"/v1/audits/{quoted(audit_id)}")

    def cancel_audit(self, audit_id: str, *, idempotency_key: str | None = None) -> AuditAnswer:
        """Stop an audit.

        End what waits at once. What runs stops at its next step: follow it until it is `cancelled`.

        Args:
            audit_id: id of the audit
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: AuditAnswer = self._json("POST", f"/v1/audits/{quoted(audit_id)}/cancel", key=idempotency_key)
        return answer

    def retry_audit(self, audit_id: str, *, idempotency_key: str | None = None) -> AuditAnswer:
        """Try an audit again.

        Queue what failed, expired or was cancelled, while its audio is kept.

        Args:
            audit_id: id of the audit
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: AuditAnswer = self._json("POST", f"/v1/audits/{quoted(audit_id)}/retry", key=idempotency_key)
        return answer

    def get_audit_report(
        self,
        audit_id: str,
        *,
        format: Literal["dsse", "html", "pdf"] | None = None,
        lang: Literal["en", "de"] | None = None,
    ) -> Download:
        """Signed report.

        The signed report; as a page or PDF with `format`, or where `Accept` prefers one.

        Page and PDF repeat what is signed, checked with this registry's keys; the PDF carries the signed
        file. A failed audit answers with the problem that made it fail.

        Args:
            audit_id: id of the audit
            format: `html` or `pdf` to read; without it what `Accept` prefers
            lang: language of what people read; the signed file is the same in all

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        return self._download(
            "GET", f"/v1/audits/{quoted(audit_id)}/report", query={"format": format, "lang": lang}
        )

    def get_audit_picture(self, audit_id: str) -> Download:
        """Picture of the findings.

        Waveform and spectrogram with the timelines of watermark and scores.

        Args:
            audit_id: id of the audit

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        return self._download("GET", f"/v1/audits/{quoted(audit_id)}/picture")

    def get_audit_spectrogram(self, audit_id: str) -> Download:
        """Spectrogram.

        The spectrogram without axes: the whole file, up to 16 kHz or half the sample rate.

        Args:
            audit_id: id of the audit

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        return self._download("GET", f"/v1/audits/{quoted(audit_id)}/spectrogram")

    def get_audit_outline(self, audit_id: str) -> Outline:
        """Waveform.

        The waveform for a player: lowest and highest sample of equal stretches.

        Args:
            audit_id: id of the audit

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: Outline = self._json("GET", f"/v1/audits/{quoted(audit_id)}/outline")
        return answer

    def get_audit_sound(self, audit_id: str) -> Download:
        """Listen.

        A copy to listen to, of audio that was retained; not the file that was audited.

        Args:
            audit_id: id of the audit

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        return self._download("GET", f"/v1/audits/{quoted(audit_id)}/sound")
