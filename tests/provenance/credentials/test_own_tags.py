"""What a file's own tags say: whoever wrote them, however they are spelled, and however hostile they are."""

import json
import socket
import struct
from pathlib import Path

import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import COMM, ID3, TXXX
from mutagen.mp4 import MP4

from core.encode import encode
from core.locked import Talk
from provenance.credentials import locked, own_tags, read_credentials
from provenance.credentials.own_tags import MOST_PAIRS, MOST_STATEMENTS, SHOWN_TEXT, OwnTags, said
from provenance.credentials.tag_reading import FREEFORM
from provenance.credentials.tags import write_tags
from tests.provenance.credentials.signing import ANCHORS, CODECS, RECORD
from tests.signals import music

SUNO = "made with suno; created=2026-03-01T10:00:00Z; id=116d34f4-b3d5-48b8-9334-011b1dd1df00"
LABEL = json.dumps({"Label": "1", "ContentProducer": "Some Lab", "ProduceID": "7"})
BIDI = "\u202eAll\u2066\u200b\x00\x1b[31m\r\nevil"


def song(folder: Path, name: str) -> Path:
    path = folder / f"song.{name}"
    encode(music(0.5, 44_100, 1), 44_100, path, codec=CODECS[name])
    return path


def wave(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WAVE" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("AI_INVOLVEMENT", "All", True),
        ("AI_INVOLVEMENT", "Partly", True),
        ("AI_INVOLVEMENT", "None", False),
        ("AI_INVOLVEMENT", "Undeclared", None),
        ("AI_VOCALS", "Partly", True),
        ("ai involvement", "all", True),
        ("AI_GENERATED", "true", True),
        ("AI-Generated", "no", False),
        ("AI_PROVIDER", "Some Lab", True),
        ("AIGC", LABEL, True),
        ("AIGC", json.dumps({"AIGC": json.loads(LABEL)}), True),
        ("AIGC", "not JSON", True),
        ("Iptc4xmpExt:DigitalSourceType", "http://cv.iptc.org/x/trainedAlgorithmicMedia", True),
        ("DIGITAL SOURCE TYPE", "compositeWithTrainedAlgorithmicMedia", True),
        ("DIGITALSOURCETYPE", "digitalCapture", None),
        ("COMMENT", SUNO, True),
        ("comment", "Made with Suno", True),
        ("description", SUNO, True),
        ("ICMT", json.dumps({"AI_INVOLVEMENT": "All"}), True),
        ("COMMENT", "made with love, not with suno", None),
        ("COMMENT", "{" * 9_999, None),
        ("TRACKMARK_RECORD", "00112233aabbccdd", None),
        ("DISCLOSURE_TIME", "2026-11-22T13:00:00Z", None),
        ("ARTIST", "AI_INVOLVEMENT", None),
        ("RAIN_INVOLVEMENT", "All", None),
    ],
)
def test_every_spelling_is_understood(name: str, text: str, says: bool | None) -> None:
    assert said([("TITLE", "A Song"), (name, text)]).says_ai is says


def test_one_that_says_ai_outweighs_all_that_deny_it() -> None:
    for tags in ([("AI_INVOLVEMENT", "None"), ("AI_VOCALS", "All")], [("AIGC", LABEL), ("AI_A", "no")]):
        assert said(tags).says_ai is True
    assert said([("AI_INVOLVEMENT", "None")]).joined(said([("comment", SUNO)])).says_ai is True
    assert said([]).joined(said([("AI_A", "no")])).says_ai is False
    assert said([]).joined(said([])) == OwnTags()


def test_what_is_told_can_be_shown() -> None:
    found = said([("AI_SYSTEM", BIDI + "x" * 9_000), ("AIGC", LABEL), ("TRACKMARK_RECORD", "../../etc")])
    assert found.record_id is None
    texts = {one.name: one.text for one in found.statements}
    assert texts["AIGC"] == "Label 1; ContentProducer Some Lab; ProduceID 7"
    assert texts["AI_SYSTEM"].startswith("All[31m evilx") and len(texts["AI_SYSTEM"]) == SHOWN_TEXT
    assert all(c.isprintable() for text in texts.values() for c in text)


def test_ten_thousand_denials_hide_no_statement() -> None:
    denials = [(f"AI_{number}", "no") for number in range(10_000)]
    found = said([*denials, ("AI_MODEL", "some model")])
    assert found.says_ai is True
    assert found.statements[0].name == "AI_MODEL"
    assert (len(found.statements), found.left_out) == (MOST_STATEMENTS, 10_001 - MOST_STATEMENTS)


@pytest.mark.parametrize("name", CODECS)
def test_what_we_write_is_heard_by_the_locked_in_reader(name: str, tmp_path: Path) -> None:
    path = song(tmp_path, name)
    assert read_credentials(path).tags == OwnTags()
    write_tags(path, RECORD)
    found = read_credentials(path).tags
    assert (found.says_ai, found.record_id, found.unreadable) == (True, RECORD.record_id, None)
    told = {one.name: one.text for one in found.statements}
    assert (told["AI_SYSTEM"], told["AI_INVOLVEMENT"]) == ("MusicGen", "All")


def test_tags_of_other_makers_are_heard_wherever_they_lie(tmp_path: Path) -> None:
    files = {name: song(tmp_path, name) for name in CODECS}
    frames = ID3()
    frames.add(COMM(encoding=1, lang="eng", desc="", text=[SUNO]))
    frames.save(files["mp3"])
    comments = FLAC(files["flac"])
    comments["Comment"] = [SUNO]
    comments.save()
    atoms = MP4(files["m4a"])
    atoms["\xa9cmt"] = [SUNO]
    atoms[FREEFORM + "AIGC"] = [LABEL.encode()]
    atoms.save()
    files["wav"].write_bytes(wave((b"LIST", b"INFOICMT" + struct.pack("<I", len(SUNO)) + SUNO.encode())))
    for path in files.values():
        assert read_credentials(path).tags.says_ai is True, path.suffix
    ape = song(tmp_path, "mp3")
    tags = APEv2()
    tags["AIGC"] = LABEL
    tags.save(ape)
    assert read_credentials(ape).tags.says_ai is True
    in_front = ID3()
    in_front.add(TXXX(encoding=3, desc="AIGC", text=[LABEL]))
    for place, data in (("a.wav", wave((b"id3 ", written(in_front, tmp_path)))), ("b.flac", b"")):
        path = tmp_path / place
        path.write_bytes(data or written(in_front, tmp_path) + song(tmp_path, "flac").read_bytes())
        assert read_credentials(path).tags.says_ai is True, place


def written(frames: ID3, folder: Path) -> bytes:
    path = folder / "frames"
    frames.save(path)
    return path.read_bytes()


def test_ten_thousand_tags_and_huge_ones_are_read_within_limits(tmp_path: Path) -> None:
    path = song(tmp_path, "flac")
    comments = FLAC(path)
    comments.tags.extend((f"AI_{number}", "no") for number in range(10_000))
    comments.tags.append(("AI_HUGE", "All" + "x" * (4 << 20)))
    comments.save()
    found = read_credentials(path).tags
    assert (found.says_ai, found.unreadable) == (True, None)
    assert found.statements[0].name == "AI_HUGE" and len(found.statements[0].text) == SHOWN_TEXT
    assert found.left_out == 10_001 - MOST_STATEMENTS


@pytest.mark.parametrize(
    "data",
    [
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"ID3\x04\x00\x00\x00\x00\x00\x20TXXX\x7f\x7f\x7f\x7f\x00\x00\x03",
        b"fLaC\x84\xff\xff\xff" + bytes(50),
        b"\x00\x00\x00\x20ftypM4A " + bytes(16) + b"\xff\xff\xff\xffmoov",
        wave((b"LIST", b"INFOICMT\xff\xff\xff\xff{bad")),
        wave(*[(b"junk", b"")] * 1001),
        b"FORM" + bytes(4) + b"AIFF" + b"\xff" * 40,
        b"OggS" + b"\xff" * 80,
        b"x" * 100 + b"APETAGEX" + b"\xff" * 24,
        b"PK\x03\x04",
    ],
)
def test_hostile_tags_say_nothing_or_why_they_cannot_be_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(data)
    found = read_credentials(path)
    assert not found.present
    assert found.tags == OwnTags(unreadable=found.tags.unreadable)


def test_a_chunk_that_is_too_long_hides_nothing_before_it(tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    label = b"AIGC" + struct.pack("<I", len(LABEL)) + LABEL.encode() + b"\0" * (len(LABEL) % 2)
    path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + label + b"data\xff\xff\xff\xff" + bytes(20))
    assert read_credentials(path).tags.says_ai is True


def test_a_parser_that_tags_broke_leaves_the_credentials_alone(
    signed: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_credentials(signed["wav"], ANCHORS)
    ours, theirs = socket.socketpair()
    body = json.dumps({"present": True, "valid": True, "problems": []}).encode()
    theirs.sendall(b"A" + struct.pack("<I", len(body)) + body)
    theirs.close()
    monkeypatch.setattr(locked.LIBRARY, "begin", lambda *_, **__: Talk(ours, 60))
    found = read_credentials(signed["wav"], ANCHORS)
    assert whole.tags.unreadable is None
    assert found.valid and found.tags.says_ai is None
    assert found.tags.unreadable is not None and "crashed" in found.tags.unreadable


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"pairs": [["a"]], "left_out": 0, "unreadable": None},
        {"pairs": 3, "left_out": 0, "unreadable": None},
        {"pairs": [], "left_out": "many", "unreadable": None},
        {"pairs": [], "left_out": -1, "unreadable": None},
        [],
        None,
    ],
)
def test_a_subverted_reader_is_not_believed(answer: object) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        own_tags.from_answer(answer)


def test_a_subverted_reader_cannot_say_more_than_tags_can() -> None:
    pairs = [[f"AI_{number}", BIDI * 1000] for number in range(1000)]
    found = own_tags.from_answer({"pairs": pairs, "left_out": 0, "unreadable": BIDI * 1000})
    assert len(found.statements) == MOST_STATEMENTS and found.left_out == MOST_PAIRS - MOST_STATEMENTS
    assert found.unreadable is not None and len(found.unreadable) <= SHOWN_TEXT
    assert found.unreadable.isprintable()


def test_strangers_tags_are_never_parsed_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [song(tmp_path, name) for name in CODECS]
    for path in paths:
        write_tags(path, RECORD)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("mutagen reads a stranger's bytes outside of the locked-in child")

    for kind in (ID3, FLAC, MP4, APEv2):
        monkeypatch.setattr(kind, "__init__", never)
        monkeypatch.setattr(kind, "load", never)
    assert all(read_credentials(path).tags.says_ai for path in paths)
