"""What a validator's report says, reduced to the facts that we pass on.

A report holds text from the file: an attacker chose it. Only codes of the active manifest count, and the
record id is taken over only from an assertion that the signed claim covers.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Any

from provenance.credentials.library import SIGNERS
from provenance.credentials.manifest import OWNERSHIP_LABEL, SOFT_BINDING_ALG
from provenance.credentials.own_tags import OwnTags

_BINDINGS = ("assertion.dataHash", "assertion.bmffHash", "assertion.boxesHash", "assertion.collectionHash")
_INTACT = ("assertion.hashedURI", "assertion.missing", "assertion.undeclared", "claim.", "hashedURI.")
_IPTC = "cv.iptc.org/newscodes/digitalsourcetype/"


@dataclass(frozen=True)
class Credentials:
    """Content credentials of a file, as separate facts and what they vouch for.

    Attributes:
        present: the file carries a manifest.
        signature_valid: the claim was signed by the key of the certificate in it, and is unchanged.
        content_bound: the file's bytes are those that the manifest was made for.
        trusted: the certificate chains to a root that the caller trusts.
        valid: signature and binding hold and the validator found nothing else wrong; says nothing of trust.
        stamped_at: when a time-stamp authority saw the signature, in UTC, if the claim carries its token and
            the token belongs to it. Only worth something with `stamp_trusted`.
        stamp_trusted: that authority chains to a root that the caller trusts for time stamps.
        signer: organisation named by the certificate; anybody can write any name unless `trusted`.
        digital_source_type: IPTC term of the first action that has one, such as `trainedAlgorithmicMedia`.
        record_id: id of the ownership record, only if the signed claim covers it. Without `content_bound`
            it is a pointer (a manifest can be copied onto another file), never a proof.
        record_sha256: SHA-256 of the payload of that record, to compare with the record.
        soft_binding: the watermark message that the manifest names, 16 hex digits.
        log_origin: name of the log that holds the record.
        problems: the validator's failure codes, or why the manifest could not be read.
        tags: what the file's own tags say, which nothing here vouches for.
    """

    present: bool
    signature_valid: bool = False
    content_bound: bool = False
    trusted: bool = False
    valid: bool = False
    stamped_at: str | None = None
    stamp_trusted: bool = False
    signer: str | None = None
    digital_source_type: str | None = None
    record_id: str | None = None
    record_sha256: str | None = None
    soft_binding: str | None = None
    log_origin: str | None = None
    problems: tuple[str, ...] = ()
    tags: OwnTags = field(default_factory=OwnTags)


def from_report(report: dict[str, Any]) -> Credentials:
    """Reduce the validator's JSON report; fields that are not as expected count as absent."""
    codes = _dict(_dict(report.get("validation_results")).get("activeManifest"))
    success, failure = _codes(codes.get("success")), _codes(codes.get("failure"))
    manifest = _dict(_dict(report.get("manifests")).get(str(report.get("active_manifest"))))
    signature_valid = "claimSignature.validated" in success and not _any(failure, ("claimSignature.",))
    intact = not _any(failure, _INTACT)
    bound = any(code.startswith(_BINDINGS) and code.endswith(".match") for code in success)
    content_bound = bound and intact and not _any(failure, _BINDINGS)
    trusted = _by_signers(codes.get("success")) and not _any(failure, ("signingCredential.",))
    state_holds = report.get("validation_state") in ("Valid", "Trusted")
    stamped = "timeStamp.validated" in success and not _any(failure, ("timeStamp.",))
    signature_info = _dict(manifest.get("signature_info"))
    assertions = _assertions(manifest)
    covered = assertions if signature_valid and intact else {}
    ownership = _dict(covered.get(OWNERSHIP_LABEL))
    return Credentials(
        present=True,
        signature_valid=signature_valid,
        content_bound=content_bound,
        trusted=trusted and signature_valid,
        valid=signature_valid and content_bound and state_holds,
        stamped_at=_text(signature_info.get("time")) if stamped else None,
        stamp_trusted=stamped and "timeStamp.trusted" in success,
        signer=_text(signature_info.get("issuer")),
        digital_source_type=_source_type(assertions),
        record_id=_hex(ownership.get("record_id"), 16),
        record_sha256=_hex(ownership.get("payload_sha256"), 64),
        soft_binding=_soft_binding(_dict(covered.get("c2pa.soft-binding"))),
        log_origin=_text(ownership.get("log")),
        problems=tuple(sorted(failure))[:50],
    )


def _codes(items: Any) -> set[str]:
    return {str(_dict(item).get("code"))[:100] for item in items} if isinstance(items, list) else set()


def _by_signers(items: Any) -> bool:
    """Whether the certificate leads to a root for signers; one for authorities alone is none."""
    found = [_dict(item) for item in items] if isinstance(items, list) else []
    return any(
        item.get("code") == "signingCredential.trusted" and f"[{SIGNERS}]" in str(item.get("explanation"))
        for item in found
    )


def _any(codes: set[str], prefixes: tuple[str, ...]) -> bool:
    return any(code.startswith(prefixes) for code in codes)


def _assertions(manifest: dict[str, Any]) -> dict[str, Any]:
    items = manifest.get("assertions")
    pairs = [_dict(item) for item in items] if isinstance(items, list) else []
    return {str(item.get("label")): item.get("data") for item in pairs}


def _source_type(assertions: dict[str, Any]) -> str | None:
    for label, data in assertions.items():
        if not label.startswith("c2pa.actions"):
            continue
        actions = _dict(data).get("actions")
        for action in actions if isinstance(actions, list) else []:
            source = _text(_dict(action).get("digitalSourceType"))
            if source is not None:
                return source.rpartition(_IPTC)[2]
    return None


def _soft_binding(data: dict[str, Any]) -> str | None:
    blocks = data.get("blocks")
    if data.get("alg") != SOFT_BINDING_ALG or not isinstance(blocks, list) or not blocks:
        return None
    try:
        value = base64.b64decode(str(_dict(blocks[0]).get("value")), validate=True)
    except (binascii.Error, ValueError):
        return None
    return _hex(value.hex(), 16)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    """Printable text of bounded length, or None."""
    if not isinstance(value, str):
        return None
    return "".join(character for character in value[:200] if character.isprintable()) or None


def _hex(value: Any, digits: int) -> str | None:
    matches = isinstance(value, str) and re.fullmatch(rf"[0-9a-f]{{{digits}}}", value)
    return value if matches else None
