"""A report that `trackmark report` makes readable speaks to whoever reads it, in one language."""

import re
import shutil
from html import unescape
from pathlib import Path

import pytest

from tests.api.cli.conftest import Trackmark

RELEASE = Path(__file__).resolve().parents[2] / "vectors" / "release"
KEYS = RELEASE / "evidence" / "kept" / "keys.json"
ENGLISH = re.compile(r"\b(the|those|this|by you|registry)\b")


@pytest.mark.parametrize(
    ("given", "whose"),
    [(True, "gewählt hat, wer diese Seite erstellt hat"), (False, "neben dem Bericht lagen")],
)
def test_whose_keys_a_signature_was_checked_with_is_told_in_the_readers_words(
    given: bool, whose: str, trackmark: Trackmark, tmp_path: Path
) -> None:
    shutil.copyfile(RELEASE / "kept.report.dsse.json", tmp_path / "kept.report.dsse.json")
    keys = shutil.copyfile(KEYS, tmp_path / ("mine.json" if given else "keys.json"))
    report, page = tmp_path / "kept.report.dsse.json", tmp_path / "page.html"
    chosen = ("--keys", keys) if given else ()
    assert trackmark("report", report, "-o", page, "--language", "de", *chosen).code == 0
    text = unescape(re.sub(r"<[^>]*>", "", page.read_text()))
    (told,) = set(re.findall(r"die Schlüssel waren[^.]*\.", text))
    assert whose in told and not ENGLISH.search(told)
