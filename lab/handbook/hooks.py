"""What MkDocs is told besides `mkdocs.yml`: pages that do not lie in `docs/`, a search without a server."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from lab.handbook.outside import outside
from lab.handbook.reference import pages

_FIRST = ("README.md", "index.md")
_GROWING = ("benchmarks", "decisions")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Where the navigation names a folder, name its pages instead."""
    docs = Path(config.docs_dir)
    known = [*(path.relative_to(docs).as_posix() for path in docs.rglob("*.md")), *pages()]
    config.nav = [_spread(entry, known) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from the root of the repository, and the reference, which is made of the code."""
    root = Path(config.config_file_path).parent
    for place, text in {**outside(root), **pages()}.items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Name all pages of a folder on its first one, where it is one that grows by itself."""
    here = Path(page.file.src_uri)
    if str(here.parent) not in _GROWING or here.name not in _FIRST:
        return markdown
    folder = Path(config.docs_dir) / here.parent
    others = sorted(path for path in folder.glob("*.md") if path.name != here.name)
    return "\n".join(
        [markdown, "", "## All pages", "", *(f"- [{_title(one)}]({one.name})" for one in others), ""]
    )


def on_post_build(config: MkDocsConfig) -> None:
    """Write the index as a script: a page that is opened from a disk may load scripts, but no data."""
    found = Path(config.site_dir) / "search" / "search_index.json"
    entries = json.loads(found.read_text(encoding="utf-8"))["docs"]
    found.with_name("index.js").write_text(f"window.searchIndex = {json.dumps(entries)};\n", encoding="utf-8")
    found.unlink()


def _title(page: Path) -> str:
    with page.open(encoding="utf-8") as lines:
        return next(lines).lstrip("#").strip()


def _spread(entry: Any, known: Iterable[str]) -> Any:
    if not isinstance(entry, dict):
        return entry
    ((title, inner),) = entry.items()
    if isinstance(inner, list):
        return {title: [_spread(one, known) for one in inner]}
    if not inner.endswith("/"):
        return entry
    found = [one for one in known if one.startswith(inner) and one.endswith(".md")]
    return {title: sorted(found, key=lambda one: (one.removeprefix(inner) not in _FIRST, one))}
