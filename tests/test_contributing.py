"""What a newcomer is told is so: what CONTRIBUTING.md names is there, and every decision is in their list."""

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


def test_every_decision_is_listed_once_under_its_number() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(
        r"^- \[(\d{4})\]\((\d{4})(-[\w-]+\.md)\) ", (folder / "README.md").read_text("utf-8"), re.M
    )
    assert sorted(number + rest for _, number, rest in listed) == sorted(
        one.name for one in folder.glob("*.md") if one.name != "README.md"
    )
    assert all(shown == number for shown, number, _ in listed)
