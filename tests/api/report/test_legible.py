"""Strangers' texts for pages."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from api.report.document.blocks import made_legible
from api.report.legible import LONGEST, apart, legible


@given(st.text(max_size=200))
def test_nothing_invisible_is_left_and_what_is_visible_stays(text: str) -> None:
    shown = legible(text)
    joiners = "\n\u200c\u200d"
    assert all(c in joiners or unicodedata.category(c)[0] != "C" for c in shown)
    visible = [c for c in text if unicodedata.category(c)[0] not in "CZ"]
    assert [c for c in visible if c not in shown] == []


def test_a_cut_says_how_long_the_text_was() -> None:
    assert legible("x" * (LONGEST + 1)).endswith(f"… ({LONGEST + 1:,} characters in all)")
    assert legible("x" * LONGEST) == "x" * LONGEST


def test_passages_from_right_to_left_change_places_with_nothing() -> None:
    """Each is closed by marks of no width: so owner and title, or a name and a share, stay apart."""
    assert apart("dass „שלום“ שרה ist") == "dass „\u200eשלום\u200e“ \u200eשרה\u200e ist"
    assert apart("شركة الموسيقى, 100 %") == "\u200eشركة الموسيقى\u200e, 100 %"
    assert apart("plain, 100 %") == "plain, 100 %"


def test_a_document_sets_them_apart() -> None:
    assert made_legible(("“שלום” שרה",)) == ("“\u200eשלום\u200e” \u200eשרה\u200e",)
