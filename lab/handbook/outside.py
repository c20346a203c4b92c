"""Pages that lie at the root of the repository, with links that lead to the same places in the site."""

import re
from collections.abc import Mapping
from pathlib import Path

PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
ELSEWHERE = {**PAGES, "api/audit/default_policy.toml": "reference/rules.md", ".ci/run": "contributing.md"}
_LINK = re.compile(r"(\]\()([^)#:\s]+)([^)]*\))")


def outside(root: Path) -> Mapping[str, str]:
    """The text of each page by its place in the site."""
    return {place: moved((root / name).read_text(encoding="utf-8")) for name, place in PAGES.items()}


def moved(text: str) -> str:
    """A page of the root, as it stands in the site.

    >>> moved("[a](docs/api.md#lists) [b](CHANGELOG.md) [c](https://example.org)")
    '[a](api.md#lists) [b](changelog.md) [c](https://example.org)'
    """
    return _LINK.sub(lambda link: f"{link[1]}{_place(link[2])}{link[3]}", text)


def _place(target: str) -> str:
    return ELSEWHERE.get(target, target.removeprefix("docs/"))
