"""Generated scores: a small tune as notes, as a Standard MIDI File, and as a synthesiser plays it."""

import math
import random
import struct

import torch
from torch import Tensor

Note = tuple[float, float, int]
"""When it begins and how long it lasts, in quarter notes, and its MIDI number."""
TICKS = 480


def tune(seed: int = 0, beats: int = 32) -> list[Note]:
    """A tune over chords, as a composing model might write one."""
    draw = random.Random(seed)
    degrees = (0, 2, 4, 5, 7, 9, 11)
    root = draw.randrange(55, 66)
    notes: list[Note] = []
    for bar in range(beats // 4):
        chord = draw.choice(((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16)))
        notes += [(4.0 * bar, 4.0, root - 12 + step) for step in chord]
        beat = 0.0
        while beat < 4.0:
            length = draw.choice((0.5, 0.5, 1.0, 1.5))
            notes.append((4 * bar + beat, min(length, 4.0 - beat), root + 12 + draw.choice(degrees)))
            beat += length
    return notes


def midi(notes: list[Note], *, tempo_bpm: float = 120.0, tracks: int = 1) -> bytes:
    """A Standard MIDI File: format 0 for one track, else format 1 with the notes dealt out."""
    dealt = [notes[number::tracks] for number in range(tracks)]
    tempo = b"\x00\xff\x51\x03" + round(60e6 / tempo_bpm).to_bytes(3, "big")
    chunks = [_chunk(tempo * (number == 0) + _events(some)) for number, some in enumerate(dealt)]
    head = struct.pack(">4sIHHH", b"MThd", 6, int(tracks > 1), tracks, TICKS)
    return head + b"".join(chunks)


def _events(notes: list[Note]) -> bytes:
    moments = sorted(
        (round(TICKS * at), velocity, number)
        for start, length, number in notes
        for at, velocity in ((start, 80), (start + length, 0))
    )
    data, last = b"", 0
    for tick, velocity, number in moments:
        data += _quantity(tick - last) + bytes((0x90, number, velocity))
        last = tick
    return data + b"\x00\xff\x2f\x00"


def _quantity(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _chunk(data: bytes) -> bytes:
    return b"MTrk" + len(data).to_bytes(4, "big") + data


def played(
    notes: list[Note],
    sample_rate: int,
    *,
    tempo_bpm: float = 120.0,
    partials: int = 8,
    semitones: float = 0.0,
) -> Tensor:
    """The notes as a plain synthesiser plays them, [1, T], peak 0.8."""
    beat_s = 60.0 / tempo_bpm
    total = round(sample_rate * (beat_s * max(start + length for start, length, _ in notes) + 0.5))
    wav = torch.zeros(total, dtype=torch.float64)
    for start, length, number in notes:
        hz = 440.0 * 2.0 ** ((number + semitones - 69) / 12)
        first, count = round(sample_rate * start * beat_s), round(sample_rate * (length * beat_s + 0.3))
        t = torch.arange(min(count, total - first), dtype=torch.float64) / sample_rate
        tone = sum(
            torch.sin(2 * math.pi * hz * n * t) / n**1.2
            for n in range(1, partials + 1)
            if hz * n < 0.45 * sample_rate
        )
        wav[first : first + len(t)] += tone * torch.exp(-3.0 * t) * (t / 0.005).clamp(max=1.0)
    noise = torch.randn(total, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    wav += 1e-4 * wav.abs().max() * noise
    return (0.8 * wav / wav.abs().max()).float()[None]
