"""An audit with parts that answer as told."""

from datetime import date
from typing import Any

from api.audit.audit import audit_file
from api.audit.result import AuditResult
from tests import fakes
from tests.fakes import Registry, engines

TODAY = date(2026, 11, 22)


def audit(registry: Registry | None = None, **answers: Any) -> AuditResult:
    options = {k: answers.pop(k) for k in ("checks", "artist", "policy", "progress") if k in answers}
    return audit_file(
        fakes.PATH,
        registry=registry or Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=engines(**answers),
        today=TODAY,
        **options,
    )
