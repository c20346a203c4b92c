"""Which problems an operation can answer with: one example of each code, named where it can come."""

from collections.abc import Mapping
from typing import Any

from api.server.answers import ANSWERS

_JOB = "job"
_ONLY: Mapping[str, str] = {
    **dict.fromkeys(("sign-in-failed", "not-a-member", "provider-unavailable"), "page"),
    **dict.fromkeys(("invalid-token-request", "invalid-client"), "token"),
    **dict.fromkeys(("request-in-progress", "idempotency-key-reused"), "key"),
    **dict.fromkeys(("digest-mismatch", "unsupported-checksum", "disk-full", "store-unavailable"), "body"),
    **dict.fromkeys(("offset-mismatch", "tus-version", "checksum-mismatch", "upload-locked"), "tus"),
    **dict.fromkeys(("precondition-failed", "precondition-required"), "match"),
    **dict.fromkeys(("audio-too-large", "too-many-jobs"), "audio"),
    **dict.fromkeys(("unreadable-audio", "unsupported-audio", "empty-audio", "unusable-audio"), "audio"),
    **dict.fromkeys(("invalid-samples", "decode-timeout"), "audio"),
    **dict.fromkeys(("cancelled", "expired", "watermark-impossible", "encode-failed"), _JOB),
    **dict.fromkeys(("credentials-failed", "source-unusable"), _JOB),
    **dict.fromkeys(("enrolment-failed", "invalid-voice-print"), "artists"),
    **dict.fromkeys(("registry-conflict", "invalid-record", "proof-invalid", "log-cut-short"), "records"),
    **dict.fromkeys(("signature-invalid", "verification-failed"), "records"),
    **dict.fromkeys(("unreadable-report",), "verify"),
    **dict.fromkeys(("unreadable-score",), "none"),
    **dict.fromkeys(("legal-hold",), "delete"),
    **dict.fromkeys(("not-ready",), "health"),
    **dict.fromkeys(("quota-reached",), "stores"),
}
"""Codes that only operations of a kind answer with. Every other one can come wherever its status can."""


def components() -> dict[str, Any]:
    """The examples, as components of OpenAPI."""
    return {code: {"summary": answer.title, "value": _value(code)} for code, answer in ANSWERS.items()}


def references(operation: Mapping[str, Any], method: str, status: str) -> dict[str, Any]:
    """The examples of a status, for an operation."""
    kinds = _kinds(operation, method)
    codes = [
        code
        for code, answer in ANSWERS.items()
        if str(answer.status) == status and _ONLY.get(code, "any") in kinds
    ]
    if "token" in kinds and status == "401":
        codes.remove("unauthorized")
    return {code: {"$ref": f"#/components/examples/{code}"} for code in codes}


def _value(code: str) -> dict[str, Any]:
    answer = ANSWERS[code]
    return {
        "type": f"urn:trackmark:problem:{code}",
        "title": answer.title,
        "status": answer.status,
        "code": code,
        "detail": "what happened, and what to do next",
        "request_id": "3c1f0a9e33b2d4175f1c0a9e33b2d417",
    }


def _kinds(operation: Mapping[str, Any], method: str) -> set[str]:
    """What an operation is, as far as problems depend on it."""
    headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
    told, contents = set(operation["tags"]), operation.get("requestBody", {}).get("content", {})
    named = {"Idempotency-Key": "key", "Tus-Resumable": "tus", "If-Match": "match"}
    kinds = {"any"} | told | {kind for name, kind in named.items() if name in headers}
    if contents:
        kinds.add("body")
    if {"multipart/form-data", "audio/*"} & contents.keys():
        kinds |= {"audio", "stores"}
    if "tus" in kinds:
        kinds.add("stores")
    if "application/x-www-form-urlencoded" in contents:
        kinds.add("token")
    if method == "delete":
        kinds.add("delete")
    left = {"audits", "comparisons", "tracks"} & told and method == "get"
    return (
        kinds
        | ({_JOB, "audio"} if left else set())
        | ({"records"} if {"verify", "log", "c2pa"} & told else set())
    )
