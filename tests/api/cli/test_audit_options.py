"""`trackmark audit` shows its report, and watches a folder; the parts that listen are stand-ins."""

from pathlib import Path
from typing import Any

import pytest

import api.audit.audit
import api.cli.audit
from tests import fakes
from tests.api.cli.conftest import Trackmark


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        api.audit.audit, "product_engines", lambda _settings: fakes.engines(sketch=fakes.sketch())
    )
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("opens", "said"),
    [(True, "opened in the browser"), (False, "no browser could be opened; open it yourself")],
)
def test_the_report_is_written_opened_and_named(
    trackmark: Trackmark, song: Path, monkeypatch: pytest.MonkeyPatch, opens: bool, said: str
) -> None:
    shown: list[str] = []

    def browser(address: str) -> bool:
        shown.append(address)
        return opens

    monkeypatch.setattr("webbrowser.open", browser)
    done = trackmark("audit", song, "--open")
    page = Path("trackmark-reports") / "song.wav.html"
    assert page.is_file()
    assert shown == [page.resolve().as_uri()]
    assert f"{page} ({said}" in " ".join(done.err.split())


def test_a_folder_is_watched_and_what_has_a_report_is_passed_over(
    trackmark: Trackmark, song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def once(folder: Path, known: Any) -> Any:
        asked.append((folder, known(song)))
        return iter([song])

    monkeypatch.setattr(api.cli.audit, "arriving", once)
    arguments = ("audit", "--watch", song.parent, "--reports", tmp_path / "reports", "--json")
    for _ in range(2):
        (found,) = trackmark(*arguments).lines
        assert found["file"] == str(song)
    assert asked == [(song.parent, False), (song.parent, True)]


@pytest.mark.parametrize("arguments", [("audit",), ("audit", "{song}", "--watch", "{folder}")])
def test_files_or_a_folder_are_named_but_not_both(
    trackmark: Trackmark, song: Path, arguments: tuple[str, ...]
) -> None:
    done = trackmark(*(one.format(song=song, folder=song.parent) for one in arguments))
    assert done.code == 2
    assert "--watch" in done.err


def test_checks_are_chosen_by_their_names(trackmark: Trackmark, song: Path) -> None:
    done = trackmark("audit", song, "--checks", "music, originality", "--json")
    assert {name for name, became in done.lines[0]["checks"].items() if became != "skipped"} == {
        "music",
        "originality",
    }
    assert done.code == 1, "no sketch is kept: a person is asked"
    shown = trackmark("audit", song, "--checks", "originality")
    assert "most like" in shown.out and "Not measured" in shown.out
    for wrong in ("smell", " , "):
        refused = trackmark("audit", song, "--checks", wrong)
        assert refused.code == 2 and "originality" in refused.err
