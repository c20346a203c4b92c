"""A report as one HTML page: no scripts, nothing from the network, every text escaped."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.report.templates import templates

TEMPLATE = "page.html"


def render_page(report: Mapping[str, Any], picture: bytes | None = None) -> str:
    """Render a report for people.

    The page repeats the signed report; it proves nothing itself and says so.

    Args:
        report: the statement inside a report.
        picture: the PNG of the audit, embedded into the page.
    """
    image = base64.b64encode(picture).decode() if picture else None
    page = templates(Path(__file__).parent).get_template(TEMPLATE)
    return page.render(report=report, found=report["findings"], image=image)
