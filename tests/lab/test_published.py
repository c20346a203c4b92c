"""Numbers are read from pages as they stand there."""

from pathlib import Path

import pytest

from lab.published import NotPublished, number, rows, said


def test_a_number_is_read_as_its_cell_begins() -> None:
    assert number("13.4 s") == 13.4 and number("1,234") == 1234.0
    with pytest.raises(NotPublished, match="no number"):
        number("–")


def test_what_a_page_lacks_is_named(tmp_path: Path) -> None:
    page = tmp_path / "some.md"
    with pytest.raises(NotPublished, match=r"some\.md is not there"):
        rows(page, "a")
    page.write_text("It took 3.5 s.\n\n| a | b |\n|---|---:|\n| x | 1 |\n", "utf-8")
    assert rows(page, "b", "a") == [{"a": "x", "b": "1"}] and said(page, r"took ([\d.]+) s") == (3.5,)
    with pytest.raises(NotPublished, match="no table with the columns c"):
        rows(page, "c")
    with pytest.raises(NotPublished, match="does not say"):
        said(page, r"cost ([\d.]+)")
