"""The id of a request, told in its answer and in logs: the client's own if well-formed, or a fresh one."""

import re
import secrets

from starlette.requests import Request

from api import logs

NAME = "X-Request-Id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._~:/@=+-]{1,128}")


def begin(request: Request) -> str:
    """Name a request, for its answer and for whatever is logged while it is answered."""
    sent = request.headers.getlist(NAME)
    own = len(sent) == 1 and _WELL_FORMED.fullmatch(sent[0]) is not None
    name = sent[0] if own else secrets.token_hex(16)
    logs.REQUEST.set(name)
    return name
