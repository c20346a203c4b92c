"""RFC 8785: the specification's own vectors, and what we refuse on top of it."""

import json
import struct
from pathlib import Path

import pytest

from core.errors import RecordError
from provenance.records import canonical

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "rfc8785.json").read_text())


def test_sample_objects() -> None:
    for sample in VECTORS["objects"]:
        value = json.loads(sample["input"])
        written = canonical.encode(value, RecordError, floats=True)
        assert written == bytes.fromhex(sample["canonical_hex"]), sample["origin"]
        assert (
            canonical.encode(canonical.decode(written, RecordError, floats=True), RecordError, floats=True)
            == written
        )


def test_numbers_of_appendix_b() -> None:
    for bits, text in VECTORS["numbers"]:
        number = struct.unpack(">d", bytes.fromhex(bits))[0]
        assert canonical.encode([number], RecordError, floats=True) == f"[{text}]".encode()


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000"])
def test_not_a_number_and_infinity_are_errors(bits: str) -> None:
    number = struct.unpack(">d", bytes.fromhex(bits))[0]
    with pytest.raises(RecordError):
        canonical.encode([number], RecordError, floats=True)


@pytest.mark.parametrize("value", [1.5, 1.0, {"a": [0.0]}, 2**53, {1: 2}, "\ud800", object(), {"a": {1, 2}}])
def test_values_that_no_record_may_hold(value: object) -> None:
    with pytest.raises(RecordError):
        canonical.encode(value, RecordError)


@pytest.mark.parametrize(
    "data",
    [
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":NaN}',
        b'"\\u0041"',
        b"\xef\xbb\xbf{}",
        b"\xff",
        b"{",
        b"",
        b"1" * 400,
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(RecordError):
        canonical.decode(data, RecordError)


def test_size_is_limited() -> None:
    with pytest.raises(RecordError, match="at most"):
        canonical.decode(b'"' + b"a" * 100 + b'"', RecordError, limit=100)
