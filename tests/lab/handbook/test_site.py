"""The site stands alone, and everything in it leads somewhere."""

import os
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import markdown
import pytest
from markdown_it import MarkdownIt

from lab.handbook.outside import PAGES
from tests.lab.handbook.reading import Page

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [*sorted((ROOT / "docs").rglob("*.md")), *(ROOT / name for name in PAGES)]
BLOCKS = re.compile(r"<(ul|ol|li|table|tr|pre|h[1-6])\b")


def test_every_link_leads_to_a_page_and_a_place_in_it(pages: dict[str, Page]) -> None:
    assert len(pages) > 120
    for name, page in pages.items():
        for link in (*page.links, *page.loads):
            target = urlsplit(link)
            if target.scheme or target.netloc:
                continue
            place = os.path.normpath(Path(name).parent / unquote(target.path)) if target.path else name
            assert (page.path.parent / unquote(target.path)).exists(), f"{name} leads to {link}"
            if target.fragment and place.endswith(".html"):
                assert unquote(target.fragment) in pages[place].places, f"{name} leads to {link}"


def test_no_page_loads_anything_from_elsewhere(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.loads, name
        assert not [one for one in page.loads if urlsplit(one).scheme or urlsplit(one).netloc], name
    sheet = (ROOT / "lab" / "handbook" / "theme" / "handbook.css").read_text(encoding="utf-8")
    assert "url(" not in sheet and "@import" not in sheet


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_has_the_same_blocks_in_the_site_and_on_a_git_host(path: Path) -> None:
    """Python-Markdown takes no list without a blank line before it; CommonMark, as hosts show it, does."""
    text = path.read_text(encoding="utf-8")
    ours = markdown.markdown(text, extensions=["attr_list", "tables", "fenced_code"])
    theirs = MarkdownIt("commonmark").enable("table").render(text)
    assert Counter(BLOCKS.findall(ours)) == Counter(BLOCKS.findall(theirs))


@pytest.mark.parametrize("folder", ["benchmarks", "decisions", "explanation", "guides", "models"])
def test_the_first_page_of_a_folder_leads_to_all_others(folder: str, pages: dict[str, Page]) -> None:
    others = {one for one in pages if one.startswith(f"{folder}/")} - {f"{folder}/index.html"}
    assert others and {one.removeprefix(f"{folder}/") for one in others} <= set(
        pages[f"{folder}/index.html"].links
    )
