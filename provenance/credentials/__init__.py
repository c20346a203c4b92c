"""Content credentials (C2PA) and disclosure tags: the signed and the plain label inside an audio file."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from provenance.credentials.identity import C2paIdentity
    from provenance.credentials.reading import Credentials, read_credentials
    from provenance.credentials.writing import write_credentials

__all__ = ["C2paIdentity", "Credentials", "read_credentials", "write_credentials"]

_HOMES = {
    "C2paIdentity": "provenance.credentials.identity",
    "Credentials": "provenance.credentials.reading",
    "read_credentials": "provenance.credentials.reading",
    "write_credentials": "provenance.credentials.writing",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: the C2PA library takes a fifth of a second to start."""
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
