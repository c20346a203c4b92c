"""The reference, made of the code: commands, HTTP API, settings, errors, findings and rules."""

from collections.abc import Mapping
from functools import cache

from lab.handbook.reference import commands, errors, findings, http, rules, settings


@cache
def pages() -> Mapping[str, str]:
    """Every page of the reference, and the schema of the findings, by its place in the site."""
    return {
        "reference/commands.md": commands.page(),
        **http.pages(),
        "reference/settings.md": settings.page(),
        "reference/errors.md": errors.page(),
        "reference/findings.md": findings.page(),
        "reference/findings.schema.json": findings.schema(),
        "reference/rules.md": rules.page(),
    }
