"""Audio to hashes: density, invariances, bytes, odd input."""

import numpy as np
import pytest
import torch

from core.errors import EmptyAudio
from provenance.fingerprint import Fingerprint, extract
from provenance.fingerprint.extract import FingerprintError
from tests.signals import music, silence, sine

RATE = 44100


def test_density_is_what_an_index_is_sized_for() -> None:
    fingerprint = extract(music(20, RATE, seed=3), RATE)
    assert 20 < fingerprint.filed / 20 <= 72  # 12 peaks a second, 6 pairs of targets each
    assert fingerprint.filed < len(fingerprint.hashes) < 20 * 350
    assert fingerprint.duration_s == pytest.approx(20, abs=0.05)


def test_level_polarity_channels_and_rate_hardly_matter() -> None:
    wav = music(10, RATE, seed=4)
    reference = rows(extract(wav, RATE).reference())
    for changed, rate in (
        (wav * 0.1, RATE),
        (-wav, RATE),
        (wav.mean(0, keepdim=True), RATE),
        (wav.flip(0), RATE),
    ):
        assert len(reference & rows(extract(changed, rate).reference())) > 0.9 * len(reference)


def rows(fingerprint: Fingerprint) -> set[tuple[int, int]]:
    return set(zip(fingerprint.hashes.tolist(), fingerprint.times.tolist(), strict=True))


def test_different_music_shares_next_to_nothing() -> None:
    one, two = (rows(extract(music(10, RATE, seed=s), RATE)) for s in (5, 6))
    assert len(one & two) < 0.01 * len(one)


def test_long_audio_is_searched_in_parts_as_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    wav = music(12, RATE, seed=8)
    whole = extract(wav, RATE)
    for frames in (100, 333, 1000):
        for name in ("peaks.SEARCHED_FRAMES", "peaks.CHUNK_FRAMES", "peaks.RANKED", "triplets.FORMED"):
            monkeypatch.setattr(f"provenance.fingerprint.{name}", frames)
        parts = extract(wav, RATE)
        assert rows(parts) == rows(whole) and parts.filed == whole.filed


def test_bytes_round_trip() -> None:
    fingerprint = extract(music(5, RATE, seed=7), RATE)
    again = Fingerprint.from_bytes(fingerprint.to_bytes())
    assert np.array_equal(again.hashes, fingerprint.hashes)
    assert np.array_equal(again.times, fingerprint.times)
    assert (again.filed, again.frames) == (fingerprint.filed, fingerprint.frames)
    assert len(fingerprint.reference().hashes) == fingerprint.filed


@pytest.mark.parametrize("damage", [b"", b"TMF2", b"JUNKJUNKJUNKJUNKJUNK", None])
def test_other_bytes_are_refused(damage: bytes | None) -> None:
    whole = extract(music(3, RATE, seed=7), RATE).to_bytes()
    with pytest.raises(FingerprintError):
        Fingerprint.from_bytes(whole[:-9] if damage is None else damage)


def test_a_bomb_is_not_unpacked() -> None:
    import zlib

    header = b"TMF2" + np.array([1, 1, 1], "<u4").tobytes()
    with pytest.raises(FingerprintError, match="length"):
        Fingerprint.from_bytes(header + zlib.compress(bytes(10_000_000)))


def test_nothing_to_hear_gives_no_hashes() -> None:
    for wav in (silence(3, RATE), torch.zeros(1, 1), torch.ones(2, 1), music(0.2, RATE), sine(0.5, RATE)):
        assert len(extract(wav, RATE).hashes) == 0


def test_channels_that_cancel_are_still_heard() -> None:
    left = music(6, RATE, seed=8)[:1]
    assert extract(torch.cat([left, -left]), RATE).filed > 100


def test_no_samples_is_an_error() -> None:
    with pytest.raises(EmptyAudio):
        extract(torch.zeros(2, 0), RATE)
    with pytest.raises(EmptyAudio):
        extract(torch.zeros(100), RATE)
