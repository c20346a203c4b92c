"""No template says a word that a translator cannot see."""

from pathlib import Path

import pytest

import api
from tests.api.language.templates import unspoken

ROOT = Path(api.__file__).parent
PATHS = sorted([*ROOT.glob("server/pages/templates/*.html"), ROOT / "report" / "page.html"])
NAMES = frozenset(
    {"API", "CSV", "DDEX", "ISRC", "JSON", "PDF", "SHA-256", "Trackmark", "Webhook", "kHz", "min", "WORLD"}
)
"""Names that are the same in every language. This list may only shrink."""
NOT_YET: frozenset[str] = frozenset()
"""Templates whose words have not been moved yet. This list may only shrink."""


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_word_of_a_template_is_a_message(path: Path) -> None:
    left = unspoken(path) - NAMES
    if path.name in NOT_YET:
        assert left, f"{path.name} is done: take it off the list"
    else:
        assert left == set()


def test_a_word_outside_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<p title="Hidden {{ n }}">Bare words {{ _("said") }}{% trans %}told{% endtrans %}</p>'
        '<i class="{{ "good" if n else "bad" }}">{{ "Yes" if n else _("no") }}</i><code>some code</code>',
        encoding="utf-8",
    )
    assert unspoken(page) == {"Hidden", "Bare words", "Yes"}
