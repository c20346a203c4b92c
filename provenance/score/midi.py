"""Standard MIDI Files (MIDI 1.0 detailed specification, section 4): how many notes, and how long they last.

The bytes are a stranger's: `score_child` runs this locked in, where it may take neither much time nor memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_NOTE_ON = 0x90
_ONE_BYTE = (0xC0, 0xD0)
_META, _TEMPO, _END = 0xFF, 0x51, 0x2F
_SYSTEM_EXCLUSIVE = (0xF0, 0xF7)
DEFAULT_TEMPO_US = 500_000
"""Microseconds a quarter note where nothing else is said: 120 beats a minute."""


class MidiError(Exception):
    """No Standard MIDI File, or a damaged one."""


@dataclass(frozen=True)
class Notes:
    """What a MIDI file holds.

    Attributes:
        tracks: chunks of events.
        notes: that begin, in all tracks.
        duration_s: to the last event, by the tempos that the file names.
    """

    tracks: int
    notes: int
    duration_s: float


@dataclass(frozen=True)
class _Track:
    notes: int
    ticks: int
    tempos: tuple[tuple[int, int], ...]


def read(data: bytes) -> Notes:
    """Read a MIDI file.

    Raises:
        MidiError: it is none, or is damaged; says where.
    """
    if data[:4] != b"MThd" or len(data) < 14:
        raise MidiError("it does not begin as a MIDI file does (MThd)")
    kind, _count, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    if kind > 2 or division == 0:
        raise MidiError(f"format {kind} with division {division} is none of the standard's")
    tracks = [_track(data[start:end], start) for start, end in _chunks(data)]
    if not tracks:
        raise MidiError("it has no track")
    together = [(tracks, tracks)] if kind < 2 else [([track], [track]) for track in tracks]
    lasting = [
        _seconds(max(t.ticks for t in some), [tempo for t in clock for tempo in t.tempos], division)
        for some, clock in together
    ]
    return Notes(len(tracks), sum(track.notes for track in tracks), sum(lasting))


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the tracks' events lie; chunks of other kinds are passed over, as the standard asks."""
    at = 8 + int.from_bytes(data[4:8], "big")
    while at < len(data):
        if at + 8 > len(data):
            raise MidiError(f"it ends within the head of a chunk, at byte {at}")
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if end > len(data):
            raise MidiError(f"the chunk at byte {at} is cut short")
        if data[at : at + 4] == b"MTrk":
            yield at + 8, end
        at = end


def _track(data: bytes, offset: int) -> _Track:
    at, ticks, notes, status = 0, 0, 0, 0
    tempos: list[tuple[int, int]] = []
    try:
        while at < len(data):
            delta, at = _number(data, at)
            ticks += delta
            if data[at] >= 0x80:
                status, at = data[at], at + 1
            if status == _META:
                what, (length, at) = data[at], _number(data, at + 1)
                if what == _END:
                    break
                if what == _TEMPO and length == 3:
                    tempos.append((ticks, int.from_bytes(data[at : at + 3], "big")))
                at, status = at + length, 0
            elif status in _SYSTEM_EXCLUSIVE:
                length, at = _number(data, at)
                at, status = at + length, 0
            elif 0x80 <= status < 0xF0:
                notes += status & 0xF0 == _NOTE_ON and data[at + 1] > 0
                at += 1 if status & 0xF0 in _ONE_BYTE else 2
            else:
                raise MidiError(f"byte {offset + at} is no event")
        if at > len(data):
            raise IndexError
    except IndexError:
        raise MidiError(f"the track at byte {offset} ends within an event") from None
    return _Track(notes, ticks, tuple(tempos))


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity, of four bytes at most, and where it ends."""
    value = 0
    for _ in range(4):
        value, at = value << 7 | data[at] & 0x7F, at + 1
        if data[at - 1] < 0x80:
            return value, at
    raise MidiError("a number of more than four bytes")


def _seconds(ticks: int, tempos: list[tuple[int, int]], division: int) -> float:
    if division & 0x8000:  # frames a second, as film and video count them, times ticks a frame
        return ticks / ((256 - (division >> 8)) * max(1, division & 0xFF))
    seconds, since, tempo_us = 0.0, 0, DEFAULT_TEMPO_US
    for tick, following in sorted(tempos):
        seconds += (min(tick, ticks) - since) * tempo_us / division / 1e6
        since, tempo_us = min(tick, ticks), following
    return seconds + (ticks - since) * tempo_us / division / 1e6
