"""Born tagged: whatever a generator puts out is marked and registered where it is made."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.born.wrapper import Rendering, born_tagged

__all__ = ["Rendering", "born_tagged"]


def __getattr__(name: str) -> object:
    """Import public names on first use, so that the command line costs nothing."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("api.born.wrapper"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
