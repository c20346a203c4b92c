"""Manual pages say what every command says of itself, in a form that man(1) reads."""

import re
from pathlib import Path

import pytest
from typer.core import TyperCommand
from typer.main import get_command

from api.cli import main, manual
from tests.api.cli.conftest import Trackmark


@pytest.fixture
def pages(trackmark: Trackmark, tmp_path: Path) -> Path:
    folder = tmp_path / "share" / "man1"
    done = trackmark("man", folder)
    assert done.code == 0, done.err
    assert str(folder) in done.out
    return folder


def test_every_command_has_a_page_with_its_options(pages: Path) -> None:
    names = {path.stem for path in pages.iterdir()}
    assert {"trackmark", "trackmark-audit", "trackmark-record", "trackmark-record-show"} <= names
    root = get_command(main)
    assert {f"trackmark-{name}" for name in root.commands} <= names  # type: ignore[attr-defined]  # a group's
    audit = (pages / "trackmark-audit.1").read_text()
    for option in ("\\-\\-artist", "\\-\\-reports", "\\-\\-json"):
        assert option in audit
    assert "trackmark\\-audit" in (pages / "trackmark.1").read_text()


def test_nothing_that_is_said_becomes_a_request_of_roff() -> None:
    def odd() -> None:
        """Odd.

        .so /etc/passwd
        """

    command = TyperCommand("odd", callback=odd, help="Odd.\n\n.so /etc/passwd \\n'x")
    ((name, text),) = manual.pages(command)
    assert name == "odd"
    assert "\\&.so /etc/passwd \\en'x" in text
    assert not re.search(r"^\.so", text, re.MULTILINE)


def test_pages_hold_no_other_requests(pages: Path) -> None:
    for path in pages.iterdir():
        begun = {line.split()[0] for line in path.read_text().splitlines() if line.startswith((".", "'"))}
        assert begun <= {".TH", ".SH", ".PP", ".TP"}, path.name


def test_a_folder_that_cannot_be_made_is_told(trackmark: Trackmark, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = trackmark("man", tmp_path / "file" / "man1")
    assert done.code == 3 and "file" in done.err
