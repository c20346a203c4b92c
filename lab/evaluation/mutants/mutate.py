"""Damage that respects a file's structure: what fuzzers find by luck, done on purpose."""

import random
from typing import Literal

from lab.evaluation.mutants.structure import Element, elements, joined

EXTREMES = (0, 1, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF)
LARGEST = 1 << 20


def mutant(seed: bytes, other: bytes, chance: random.Random) -> bytes:
    """A damaged file: one to four kinds of damage, one after the other.

    Args:
        seed: a healthy file.
        other: another one, for parts.
        chance: decides; the same state gives the same file.
    """
    data = seed
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        found = elements(data)
        way = chance.choice(_WAYS if found else (_flip, _cut, _extreme_anywhere))
        data = way(data, found, other, chance)[:LARGEST] or b"\0"
    return data


def _length(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    """A length that lies: extreme, off by one, or the file's own."""
    one = chance.choice(found)
    at, width = one.length_at
    order: Literal["big", "little"] = "big" if one.big_endian else "little"
    stands = int.from_bytes(data[at : at + width], order)
    value = chance.choice((*EXTREMES, stands + 1, stands - 1, 2 * stands, len(data), len(data) - one.start))
    return data[:at] + (value % (1 << 8 * width)).to_bytes(width, order) + data[at + width :]


def _drop(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    one = chance.choice(found)
    return joined([data[: one.start], data[one.end :]])


def _double(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    one = chance.choice(found)
    times = chance.choice((2, 2, 3, 50))
    return joined([data[: one.start], data[one.start : one.end] * times, data[one.end :]])


def _swap(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    one, two = sorted(chance.choices(found, k=2), key=lambda element: element.start)
    if one.end > two.start:
        return _drop(data, found, _other, chance)
    parts = [data[: one.start], data[two.start : two.end], data[one.end : two.start]]
    return joined([*parts, data[one.start : one.end], data[two.end :]])


def _nest(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    """An element inside itself, many times."""
    one = chance.choice(found)
    head = data[one.start : one.body]
    return joined([data[: one.body], head * chance.choice((1, 30, 2000)), data[one.body :]])


def _transplant(data: bytes, found: list[Element], other: bytes, chance: random.Random) -> bytes:
    """An element of another file, perhaps of another container."""
    one, foreign = chance.choice(found), elements(other)
    if not foreign:
        return _flip(data, found, other, chance)
    two = chance.choice(foreign)
    return joined([data[: one.start], other[two.start : two.end], data[one.end :]])


def _name(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    """The name of one element on another."""
    one, two = chance.choices(found, k=2)
    return data[: one.start] + data[two.start : two.start + 4] + data[one.start + 4 :]


def _field(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    """An extreme number in the first fields of an element: rates, channels, counts, offsets."""
    one = chance.choice(found)
    width = chance.choice((1, 2, 4, 8))
    at = min(one.body + chance.randrange(64), max(one.body, one.end - width))
    value = chance.choice(EXTREMES) % (1 << 8 * width)
    return data[:at] + value.to_bytes(width, chance.choice(("big", "little"))) + data[at + width :]


def _flip(data: bytes, found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    """Bits turned in one element, or anywhere."""
    one = chance.choice(found) if found else Element(0, 0, len(data), (0, 1))
    turned = bytearray(data)
    for _ in range(chance.choice((1, 4, 64))):
        if one.end > one.start:
            turned[chance.randrange(one.start, one.end)] ^= 1 << chance.randrange(8)
    return bytes(turned)


def _cut(data: bytes, _found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data) + 1)]


def _extreme_anywhere(data: bytes, _found: list[Element], _other: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(EXTREMES).to_bytes(4, "big") + data[at + 4 :]


_WAYS = (_length, _length, _drop, _double, _swap, _nest, _transplant, _name, _field, _field, _flip, _cut)
