"""The mixes' ground truth: what counts as found, what as right, and a mix that is what it says."""

import itertools

import torch

from lab.evaluation.mixes import RATE, Mix, Piece, Told, found, mixed, page, right
from lab.sound.songs import song, voice


def test_half_of_a_piece_at_its_speed_is_found_and_half_of_what_is_told_is_right() -> None:
    piece = Piece(3, 10.0, 40.0, 1.05, "turntable", spoken=False)
    assert found(piece, [Told(3, 12.0, 20.0, 1.05), Told(3, 22.0, 30.0, 1.05)])
    assert not found(piece, [Told(3, 12.0, 20.0, 1.05)])
    assert not found(piece, [Told(3, 10.0, 40.0, 1.0)]) and not found(piece, [Told(2, 10.0, 40.0, 1.05)])
    assert right(Told(3, 0.0, 20.0, 1.0), [piece]) and not right(Told(3, 0.0, 15.0, 1.0), [piece])
    assert not right(Told(2, 10.0, 40.0, 1.05), [piece])


def test_a_mix_is_as_long_as_asked_and_repeats() -> None:
    songs = [song(seed, 55.0, RATE) for seed in range(2)]
    wav, pieces = mixed(songs[:1], songs[1:], [voice(0, 10.0, RATE)], 1.0, seed=4)
    assert wav.shape == (2, 60 * RATE) and float(wav.abs().max()) == 1.0
    assert pieces[0].start_s == 0.0 and pieces[-1].end_s > 40.0
    assert all(after.start_s < before.end_s for before, after in itertools.pairwise(pieces))
    assert torch.equal(wav, mixed(songs[:1], songs[1:], [voice(0, 10.0, RATE)], 1.0, seed=4)[0])


def test_the_page_counts_what_was_told() -> None:
    pieces = (
        Piece(0, 0.0, 30.0, 1.0, "as it is", spoken=False),
        Piece(None, 28.0, 60.0, 1.0, "as it is", False),
    )
    mix = Mix(1.0, pieces, (Told(0, 1.0, 29.0, 1.0), Told(1, 30.0, 50.0, 1.0)), (), 2.0, 4.0)
    text = page([mix], "a command")
    assert "| all | 1 | 1 of 1" in text and "| right, of what is told | 1 of 2" in text
    assert "1.0 s, 1.0 s" in text
