"""A report as one HTML page: no scripts, nothing from the network, every text escaped."""

import base64
from collections.abc import Mapping
from importlib import resources
from typing import Any

from api.report import words

TEMPLATE = "page.html"


def render_page(report: Mapping[str, Any], picture: bytes | None = None) -> str:
    """Render a report for people.

    The page repeats the signed report; it proves nothing itself and says so.

    Args:
        report: the statement inside a report.
        picture: the PNG of the audit, embedded into the page.
    """
    from jinja2 import Environment, StrictUndefined

    # File names and titles are attacker text: escaping is on for everything.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = resources.files("api.report").joinpath(TEMPLATE).read_text(encoding="utf-8")
    image = base64.b64encode(picture).decode() if picture else None
    return environment.from_string(source).render(
        report=report, found=report["findings"], image=image, words=words
    )
