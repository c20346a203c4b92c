"""How the server is: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class Health(TypedDict):
    """How the server is."""

    status: NotRequired[Literal["ok"]]
