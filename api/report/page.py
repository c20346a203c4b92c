"""A document as one HTML page: no scripts, nothing from the network, every text escaped."""

import base64
from pathlib import Path

from api.report.document.blocks import Document
from api.report.document.frame import frame
from api.report.templates import templates

TEMPLATE = "page.html"


def render_page(document: Document, picture: bytes | None = None) -> str:
    """Render a document for a browser.

    Args:
        document: of a report or certificate.
        picture: the PNG of the audit, embedded into the page.
    """
    image = base64.b64encode(picture).decode() if picture and document.picture else None
    page = templates(Path(__file__).parent).get_template(TEMPLATE)
    qr = None if document.address is None else f"data:image/svg+xml;base64,{_encoded(document.address)}"
    return page.render(paper=document, frame=frame(document.language), image=image, qr=qr)


def qr_code(address: str) -> bytes:
    """An address as a QR code, an SVG drawing."""
    import io

    import segno

    drawn = io.BytesIO()
    segno.make(address, micro=False, error="m").save(drawn, kind="svg", border=2, scale=4)
    return drawn.getvalue()


def _encoded(address: str) -> str:
    return base64.b64encode(qr_code(address)).decode()
