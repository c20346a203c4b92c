"""A client of the audit API, typed, made from the server's own OpenAPI document.

`Client` has one method for each operation, under the operation's id in snake case (`createAudit` is
`create_audit`). `python -m lab.client` writes `operations` and `shapes`, which holds what answers tell, and
nobody edits them. This folder needs httpx and nothing else, neither the
server nor the rest of Trackmark: `pip install ./api/client` installs it alone, as `trackmark_client`. That is
why it imports its own modules by relative names.
"""

from .answers import Download, Page
from .calling import Upload
from .client import Client
from .errors import (
    BadRequest,
    ClientError,
    Conflict,
    Damaged,
    Forbidden,
    Invalid,
    NoAnswer,
    NotFinished,
    NotFound,
    Outdated,
    Refused,
    ServerFailed,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)

__all__ = [
    "BadRequest",
    "Client",
    "ClientError",
    "Conflict",
    "Damaged",
    "Download",
    "Forbidden",
    "Invalid",
    "NoAnswer",
    "NotFinished",
    "NotFound",
    "Outdated",
    "Page",
    "Refused",
    "ServerFailed",
    "TooLarge",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "Upload",
]
