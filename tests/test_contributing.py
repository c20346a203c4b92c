"""What a newcomer is told is so: every folder and file that CONTRIBUTING.md names is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`([\w.]+/[\w./]*)`", GUIDE)))


def test_ten_typical_changes_have_a_room() -> None:
    table = GUIDE.partition("### Ten typical changes")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 10
    assert all(re.search(r"`[\w./]+/`", row) for row in rows)


@pytest.mark.parametrize("path", PATHS)
def test_what_the_guide_names_is_there(path: str) -> None:
    places = (ROOT, ROOT / "api" / "server")  # the row on the server names its rooms for short
    assert any((place / path).exists() for place in places), f"{path} is in the guide and not in the house"
