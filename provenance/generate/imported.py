"""audiocraft, imported where its dependencies are not all there.

audiocraft 1.3.0 imports packages that no text-to-music model uses: xformers (for one function that
torch has) and spaCy (for tokenisers of other conditioners). Where they are not installed, stand-ins
take their place, which spares 300 MB; using what they stand for raises `ImportError`.
"""

import importlib
import importlib.metadata
import importlib.util
import sys
import types
from typing import Any, NoReturn

import torch

from core.errors import GenerationError
from core.native import torchaudio


def audiocraft_models() -> Any:
    """Import audiocraft, with torchaudio and the stand-ins in place first."""
    try:
        torchaudio()
        if _absent("xformers"):
            _stand_in("xformers", ops=_stand_in("xformers.ops", unbind=torch.unbind))
        if _absent("spacy"):
            _stand_in("spacy")
        return importlib.import_module("audiocraft.models")
    except ImportError as error:
        raise GenerationError(f"audiocraft cannot be imported ({error}): run `make install`") from error


def _absent(name: str) -> bool:
    return name not in sys.modules and importlib.util.find_spec(name) is None


def _stand_in(name: str, **members: object) -> types.ModuleType:
    """Put an empty module in place of an absent one; whatever it lacks raises on use."""

    def absent(attribute: str) -> NoReturn:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise ImportError(f"{name}.{attribute} is needed after all: pip install {name.split('.')[0]}")

    module = types.ModuleType(
        name, f"Stands in for {name}, which is not installed (provenance.generate.imported)."
    )
    vars(module).update(members, __getattr__=absent)
    return sys.modules.setdefault(name, module)


def version() -> str:
    """Of audiocraft, as installed."""
    try:
        return importlib.metadata.version("audiocraft")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
