"""A watched folder: every finished file once, whatever happens in between."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.born import diary
from api.born.arrivals import SET_ASIDE
from api.born.watch import PATIENCE, WORK, Event, Watch
from api.born.wish import Wish
from api.errors import DiskFull
from core.clip import Clip
from core.errors import EncodeError, InvalidInput, KeyFileError, RecordError, TrackmarkError, WatermarkError
from core.limits import Limits
from provenance.declaration import Declaration
from provenance.tag import Tagged
from tests import fakes, scores
from tests.closed import closed

LATER_S = 9e9
WISH = Wish("A Label", "AIVA 2")


@dataclass
class Workshop:
    """Two folders, and a pipeline that copies and remembers, or fails when it is told to."""

    folder: Path
    fail: Callable[[Path], BaseException | None] = lambda _path: None
    truncated: bool = False
    made: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    records: dict[str, Declaration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.source.mkdir()
        self.target.mkdir()

    @property
    def source(self) -> Path:
        return self.folder / "in"

    @property
    def target(self) -> Path:
        return self.folder / "out"

    def put(self, name: str, content: bytes = b"") -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or name.encode())
        return path

    def tag(self, source: Any, out: Any, declaration: Declaration, **options: Any) -> Tagged:
        self.made.append((Path(source).name, options))
        error = self.fail(Path(source))
        if error is not None:
            raise error
        record_id = options["record_id"]
        assert self.records.setdefault(record_id, declaration) == declaration, "another record of the same id"
        out.write_bytes(b"tagged " + source.read_bytes())
        return Tagged(out, record_id, len(self.records), "ab" * 32, "cd" * 32, 1.0, 36.0, 1e-9, True, 0.1)

    def decode(self, path: Path, limits: Limits) -> Clip:
        clip = fakes.clip(1.0)
        return Clip(clip.wav, clip.sample_rate, replace(clip.source, truncated=self.truncated))

    @contextmanager
    def watch(self, wish: Wish = WISH) -> Iterator[Watch]:
        with diary.opened(self.target) as kept:
            ledger: Any = SimpleNamespace(limits=Limits())
            yield Watch(self.source, self.target, wish, ledger, kept, self.tag, self.decode)

    def rounds(self, number: int = 1, wish: Wish = WISH, now_s: float = LATER_S) -> list[Event]:
        with self.watch(wish) as watch:
            return [*watch.finish_begun(), *(event for _ in range(number) for event in watch.round(now_s))]

    @property
    def outputs(self) -> dict[str, bytes]:
        found = (path for path in self.target.rglob("*") if path.is_file() and path.name != diary.NAME)
        return {str(path.relative_to(self.target)): path.read_bytes() for path in found}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def states(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.file, event.state) for event in events]


def test_each_file_is_tagged_once_in_one_watch_and_in_the_next(shop: Workshop) -> None:
    shop.put("a.wav")
    shop.put("stems/b.mp3")
    assert states(shop.rounds(3)) == [("a.wav", "tagged"), ("stems/b.mp3", "tagged")]
    shop.put("c.aiff")
    assert states(shop.rounds(2)) == [("c.aiff", "tagged")]
    assert shop.outputs == {
        "a.wav": b"tagged a.wav",
        "stems/b.mp3": b"tagged stems/b.mp3",
        "c.flac": b"tagged c.aiff",
    }
    assert len(shop.records) == 3
    assert not (shop.target / WORK).exists()


def test_the_statement_names_title_generator_time_and_score(shop: Workshop) -> None:
    path = shop.put("Nocturne\u0301 in C.wav")
    notes = scores.midi(scores.tune())
    shop.put("Nocturne\u0301 in C.mid", notes)
    shop.rounds()
    (stated,) = shop.records.values()
    assert (stated.title, stated.owner) == ("Nocturn\u00e9 in C", "A Label")
    assert stated.generation is not None and stated.generation.system == "AIVA"
    assert stated.generation.finished_at[:4] >= "2026" and path.exists()
    (score,) = stated.ingredients
    assert score.sha256 == hashlib.sha256(notes).hexdigest()


def test_the_same_content_under_another_name_is_known(shop: Workshop) -> None:
    shop.put("a.wav", b"same")
    shop.rounds()
    shop.put("b.wav", b"same")
    (event,) = shop.rounds(2)
    assert (event.file, event.state, event.reason) == ("b.wav", "known", "it was tagged already, as a.wav")
    assert len(shop.records) == 1 and len(shop.made) == 1


def test_a_file_that_is_still_written_is_waited_for(shop: Workshop) -> None:
    path = shop.put("a.wav")
    with path.open("ab") as file:
        assert states(shop.rounds(2)) == [("a.wav", "waiting")], "told once"
        file.write(b", and more")
    rested_s = path.stat().st_ctime + WISH.settle_s
    assert states(shop.rounds(now_s=rested_s - 1.0)) == [("a.wav", "waiting")]
    assert states(shop.rounds(now_s=rested_s + 1.0)) == [("a.wav", "tagged")]
    assert shop.outputs == {"a.wav": b"tagged a.wav, and more"}


def test_a_file_that_changes_while_it_is_taken_is_left_for_later(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copyfile = shop.put("a.wav"), shutil.copyfile

    def slow(source: Path, copy: Path) -> None:
        copyfile(source, copy)
        path.write_bytes(b"changed meanwhile")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", slow)
        assert states(shop.rounds()) == [("a.wav", "waiting")]
    assert not shop.made and not (shop.target / WORK).exists()
    assert states(shop.rounds()) == [("a.wav", "tagged")]


def test_audio_that_breaks_off_is_waited_for_and_then_set_aside(shop: Workshop) -> None:
    shop.truncated = True
    path = shop.put("a.wav")
    rested_s = path.stat().st_ctime + WISH.settle_s
    assert states(shop.rounds(now_s=rested_s + 1.0)) == [("a.wav", "waiting")]
    assert path.exists()
    (event,) = shop.rounds(now_s=rested_s + PATIENCE * WISH.settle_s)
    assert (event.state, "breaks off" in event.reason) == ("failed", True)


def test_what_fails_is_set_aside_with_its_reason_and_not_tried_again(shop: Workshop) -> None:
    shop.fail = lambda path: WatermarkError("too quiet") if path.name == "a.wav" else None
    shop.put("deep/a.wav", b"quiet")
    shop.put("b.wav")
    assert states(shop.rounds(2)) == [("b.wav", "tagged"), ("deep/a.wav", "failed")]
    aside = shop.source / "failed" / "deep" / "a.wav"
    assert aside.read_bytes() == b"quiet"
    assert aside.with_name("a.wav.reason.txt").read_text() == "too quiet\n"
    shop.put("deep/a.wav", b"quiet")
    assert states(shop.rounds(2)) == [("deep/a.wav", "failed")]
    assert aside.with_name("a-2.wav").exists() and len(shop.made) == 2, "known by its content"


def test_a_failure_stays_where_it_is_in_a_folder_that_cannot_be_written(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, _target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    shop.fail = lambda _path: WatermarkError("too quiet")
    path = shop.put("a.wav")
    monkeypatch.setattr(Path, "rename", refuse)
    (event,) = shop.rounds(3)
    assert (event.state, event.aside, path.exists(), len(shop.made)) == ("failed", None, True, 1)


@pytest.mark.parametrize(
    "error",
    [KeyFileError("locked"), DiskFull("full"), OSError(28, "No space left on device"), KeyboardInterrupt()],
)
def test_what_is_no_fault_of_the_file_ends_the_watch_and_loses_nothing(
    shop: Workshop, error: BaseException
) -> None:
    shop.put("a.wav")
    shop.fail = lambda _path: error
    with pytest.raises(type(error)):
        shop.rounds()
    (shop.source / "a.wav").unlink()
    shop.fail = lambda _path: None
    assert states(shop.rounds(2)) == [("a.wav", "tagged")], "from the copy that was taken"
    (_, first), (_, second) = shop.made
    same = ("record_id", "issued_at")
    assert [first[name] for name in same] == [second[name] for name in same]
    assert not (shop.target / WORK).exists()


def test_a_watch_that_goes_on_says_what_was_said_before(shop: Workshop) -> None:
    shop.put("a.wav")
    shop.fail = lambda _path: KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        shop.rounds()
    shop.fail = lambda _path: None
    shop.rounds(wish=Wish("Another Label"))
    (stated,) = shop.records.values()
    assert stated.owner == "A Label", "the record of the first attempt may stand in the log already"


def test_an_output_of_somebody_else_is_never_replaced(shop: Workshop) -> None:
    shop.put("a.wav")
    (shop.target / "a.wav").write_bytes(b"precious")
    (event,) = shop.rounds()
    assert (event.state, "exists already" in event.reason) == ("failed", True)
    assert (shop.target / "a.wav").read_bytes() == b"precious" and not shop.made


def test_two_watches_do_not_write_into_one_folder(shop: Workshop) -> None:
    with shop.watch(), pytest.raises(InvalidInput, match="another watch"), shop.watch():
        pass


def test_a_lone_score_waits_and_a_broken_one_is_the_rendering_s_failure(shop: Workshop) -> None:
    shop.put("song.mid", b"no notes")
    assert states(shop.rounds(2)) == [("song.mid", "waiting")]
    shop.put("song.wav")
    (event,) = shop.rounds()
    assert (event.file, event.state, "MIDI" in event.reason) == ("song.wav", "failed", True)


def test_a_diary_without_its_copies_takes_the_file_again(shop: Workshop) -> None:
    shop.put("a.wav")
    shop.put("b.wav")
    shop.fail = lambda _path: KeyboardInterrupt()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            shop.rounds()
    entry = json.loads((shop.target / diary.NAME).read_text().splitlines()[0])
    assert entry["file"] == "a.wav"
    shutil.rmtree(shop.target / WORK)
    shop.fail = lambda _path: None
    assert states(shop.rounds()) == [("a.wav", "tagged"), ("b.wav", "tagged")]
    assert shop.made[-2][1]["record_id"] == entry["record_id"]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"owner": ""}, RecordError), ({"suffix": ".xyz"}, EncodeError), ({"ai": "some"}, RecordError)],
)
def test_a_wish_that_no_file_could_fulfil_is_refused_at_once(
    wrong: dict[str, Any], error: type[TrackmarkError]
) -> None:
    with pytest.raises(error):
        Wish(**{"owner": "A Label", **wrong})


def test_formats_and_titles(shop: Workshop) -> None:
    shop.put("a\x1b[31m\n.wav")
    shop.rounds(wish=Wish("A Label", suffix=".mp3"))
    (stated,) = shop.records.values()
    assert stated.title == "a [31m" and list(shop.outputs) == ["a\x1b[31m\n.mp3"]


def test_a_folder_that_cannot_be_listed_is_told_once_until_it_can(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.wav", "locked/b.wav", ".hidden/c.wav", f"{SET_ASIDE}/d.wav", "deep/locked/e.wav"):
        shop.put(name)
    names = ("locked", ".hidden", SET_ASIDE, "deep/locked")
    closed(monkeypatch, *(shop.source / name for name in names))
    with shop.watch() as watch:
        assert states(list(watch.round(LATER_S))) == [
            ("deep/locked", "closed"),
            ("locked", "closed"),
            ("a.wav", "tagged"),
        ]
        assert states(list(watch.round(LATER_S))) == []
        closed(monkeypatch, shop.source / "locked")
        assert states(list(watch.round(LATER_S))) == [("deep/locked/e.wav", "tagged")]
        closed(monkeypatch, shop.source / "locked", shop.source / "deep" / "locked")
        assert states(list(watch.round(LATER_S))) == [("deep/locked", "closed")]


def test_a_folder_that_tells_names_and_nothing_else_is_closed_too(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.put("a.wav")
    locked, lstat = shop.put("locked/b.wav"), Path.lstat

    def refuse(path: Path) -> Any:
        if path == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", refuse)
    assert states(shop.rounds()) == [("locked", "closed"), ("a.wav", "tagged")]
