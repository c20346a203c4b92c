"""Fonts for the picture."""

import io
import logging
import warnings

import pytest

from api.report.lettering import USUAL, lettered


def test_what_the_usual_font_has_needs_no_other() -> None:
    assert lettered("Straße Привет") == ("Straße Привет", [USUAL])


def test_a_dollar_begins_no_mathematics() -> None:
    assert lettered("$x^2$")[0] == r"\$x^2\$"


def test_a_character_that_no_font_has_is_spelled_out() -> None:
    assert lettered("a\U0001f9ff\u202e")[0].endswith("[U+202E]")
    assert lettered("\U000e0100x")[0].endswith("x")


def test_every_text_is_drawn_without_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    FigureCanvasAgg(figure)
    text, families = lettered("夜に駆ける 한국어 नमस्ते ไทย 😀 שלום \ue000 \U000130ab")
    figure.text(0.1, 0.5, text, family=families)
    with caplog.at_level(logging.WARNING), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(io.BytesIO())
    assert caplog.records == []
