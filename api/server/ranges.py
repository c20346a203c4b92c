"""`Range` (RFC 9110 §14.2): one range of bytes is heeded; for any other one the whole file is answered.

What answers files refuses a range that it cannot read, in plain text, and puts many ranges together at a cost
that grows with their square.
"""

import re

from starlette.types import Scope

ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def heeded(scope: Scope) -> Scope:
    """A request without a `Range` that is not heeded."""
    kept = [one for one in scope["headers"] if one[0] != b"range" or _readable(one[1].decode("latin-1"))]
    return scope if len(kept) == len(scope["headers"]) else {**scope, "headers": kept}


def _readable(asked: str) -> bool:
    found = ONE.fullmatch(asked.strip())
    if found is None or found[1] == found[2] == "":
        return False
    return "" in found.groups() or int(found[1]) <= int(found[2])
