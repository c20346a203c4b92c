"""Strangers' texts for pages."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from api.report.legible import LONGEST, legible


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
