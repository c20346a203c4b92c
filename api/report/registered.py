"""A record of the registry as a certificate for people, made after every event of it was verified."""

from typing import TYPE_CHECKING

from api.language import _, speaking
from api.language.catalogue import Language
from api.registry.proofs import evidence
from api.registry.summary import known
from api.report.document.blocks import Document
from api.report.document.certificate import Registered, certificate
from api.report.page import render_page
from api.report.pdf import Attachment, render_pdf
from api.report.rendered import Form
from api.report.statement import issuer
from core import clock

if TYPE_CHECKING:
    from api.registry.registry import Registry

MEDIA = {".json": "application/json"}
OTHER = "application/octet-stream"


def record_certificate(registry: "Registry", record_id: str, public_url: str | None = None) -> Document:
    """The certificate of a record in its present state.

    Raises:
        UnknownEntry: the tenant has no such record.
        VerificationError, RecordError: it does not verify.
    """
    history = registry.records.verified(record_id)
    told = known(registry.records, [record_id])[record_id]
    logged = history.registered.logged
    entries = tuple((one.type, one.leaf_index, one.content().issued_at) for one in history.events)
    return certificate(
        Registered(
            record=told,
            as_of=clock.utc_text(history.events[-1].created_at),
            log="" if logged is None else logged.verified.checkpoint.origin,
            entries=entries,
            sha256=history.current.record.asset.sha256_pcm,
            **({} if public_url is None else issuer(public_url)),
        )
    )


def render_certificate(
    form: Form,
    registry: "Registry",
    record_id: str,
    public_url: str | None = None,
    language: Language = "en",
) -> bytes:
    """A certificate as a page, or as a PDF that carries everything that proves the record.

    Raises:
        TypesettingError: the PDF cannot be made.
        UnknownEntry, VerificationError, RecordError: as in `record_certificate`.
    """
    with speaking(language):
        document = record_certificate(registry, record_id, public_url)
        described = _("proves the record")
    if form == "html":
        return render_page(document).encode()
    files = [
        Attachment(name, content, MEDIA.get(name[name.rfind(".") :], OTHER), described)
        for name, content in evidence(registry, record_id).items()
    ]
    return render_pdf(document, attachments=files)
