"""Public names are there, in order and explained; examples in docstrings are true."""

import doctest
import importlib
import re
from pathlib import Path
from typing import get_origin

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "provenance", "detector", "api", "lab")
SOURCES = [path for top in PACKAGES for path in (ROOT / top).rglob("*.py")]


def holding(mark: str) -> list[str]:
    """Modules whose source has a line that matches `mark`."""
    found = [path for path in SOURCES if re.search(mark, path.read_text(encoding="utf-8"), re.MULTILINE)]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found]
    return sorted(name.removesuffix(".__init__") for name in names)


@pytest.mark.parametrize("name", holding(r"^__all__ = "))
def test_exported_names_are_there_sorted_and_explained(name: str) -> None:
    module = importlib.import_module(name)
    exported: list[str] = module.__all__
    assert exported == sorted(set(exported))
    for each in exported:
        value = getattr(module, each)
        if callable(value) and get_origin(value) is None:  # an alias of types holds no words
            words = value.__doc__ or ""
            # a dataclass without a docstring gets its signature for one
            assert words and not words.startswith(f"{each}("), f"{each} is not explained"


@pytest.mark.parametrize("name", holding(r"^def __getattr__\("))
def test_a_name_that_is_not_exported_is_not_there(name: str) -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = importlib.import_module(name).no_such_name


@pytest.mark.parametrize("name", holding(r"^ +>>> "))
def test_the_examples_of_a_module_are_true(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed, capsys.readouterr().out
