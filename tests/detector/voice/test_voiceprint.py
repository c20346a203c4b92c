"""Voice prints survive storage and refuse damage."""

import hashlib
import json
import struct

import pytest
import torch

from detector.voice.errors import VoicePrintError
from detector.voice.voiceprint import VoicePrint, centres, read_all


def unit_rows(rows: int = 5, columns: int = 8) -> torch.Tensor:
    values = torch.randn(rows, columns, generator=torch.Generator().manual_seed(3))
    return torch.nn.functional.normalize(values, dim=1)


def stored() -> bytes:
    return VoicePrint(unit_rows(), "some-encoder", 12.5).to_bytes()


def resealed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


def test_round_trip_is_exact() -> None:
    back = VoicePrint.from_bytes(stored())
    assert torch.equal(back.embeddings, unit_rows())
    assert (back.encoder, back.voice_s) == ("some-encoder", 12.5)


def test_serialisation_is_repeatable() -> None:
    assert stored() == stored()


def test_it_is_no_pickle() -> None:
    assert stored().startswith(b"TMVOICE1")
    assert b"torch" not in stored()


@pytest.mark.parametrize("position", [0, 9, 30, 100, -40, -1])
def test_one_changed_byte_is_noticed(position: int) -> None:
    data = bytearray(stored())
    data[position] ^= 1
    with pytest.raises(VoicePrintError):
        VoicePrint.from_bytes(bytes(data))


@pytest.mark.parametrize("data", [b"", b"TMVOICE1", b"\x80\x04K\x01.", bytes(200)])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(VoicePrintError):
        VoicePrint.from_bytes(data)


@pytest.mark.parametrize("head", [b"{}", b"[1]", b"\xff\xfe", b'{"rows": "x"}', b"null"])
def test_a_sealed_but_meaningless_head_is_refused(head: bytes) -> None:
    with pytest.raises(VoicePrintError):
        VoicePrint.from_bytes(resealed(b"TMVOICE1" + struct.pack("<I", len(head)) + head))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 7.0])
def test_rows_that_are_no_unit_vectors_are_refused(value: float) -> None:
    rows = unit_rows()
    rows[2, 3] = value
    with pytest.raises(VoicePrintError):
        VoicePrint.from_bytes(VoicePrint(rows, "some-encoder", 12.5).to_bytes())


def test_a_size_that_does_not_fit_the_data_is_refused() -> None:
    head = json.dumps({"encoder": "e", "rows": 10**9, "columns": 256, "voice_s": 10}).encode()
    with pytest.raises(VoicePrintError):
        VoicePrint.from_bytes(resealed(b"TMVOICE1" + struct.pack("<I", len(head)) + head + bytes(64)))


def test_centre_is_a_unit_vector() -> None:
    assert VoicePrint(unit_rows(), "e", 10).centre().norm() == pytest.approx(1.0)


def test_centres_of_many_are_those_of_each() -> None:
    rows = torch.nn.functional.normalize(torch.rand(5, 8, generator=torch.Generator().manual_seed(3)), dim=1)
    one = [VoicePrint(row[None], "x", 1.0) for row in rows]
    several = [VoicePrint(rows[:3], "x", 1.0), VoicePrint(rows[3:], "x", 1.0)]
    for known in (one, several):
        assert torch.allclose(centres(known), torch.stack([each.centre() for each in known]))


def test_a_damaged_print_costs_no_other_its_comparison() -> None:
    whole = VoicePrint(torch.eye(4), "fake", 12.0)
    read, unreadable = read_all({"Ada": whole.to_bytes(), "Bob": b"", "Cy": whole.to_bytes()[:-1]})
    assert list(read) == ["Ada"] and read["Ada"].voice_s == 12.0
    assert [text.partition(" ")[0] for text in unreadable] == ["'Bob'", "'Cy'"]
