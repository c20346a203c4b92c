"""Decoding: what is healthy arrives whole, what is hostile is refused by name, in bounded time."""

import hashlib
import os
import re
import signal
import socket
import threading
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from core import errors
from core.codecs import Codec
from core.decode import decode, decode_bytes, stream
from core.encode import encode, encode_bytes
from core.limits import DEFAULT_LIMITS, Limits
from core.locked import Talk
from core.reception import DECODER, begin, expected_s
from tests.core import processes
from tests.hostile import ACCEPTED, REFUSED, encoded, tone, wav
from tests.signals import music, noise

RATE = 44_100


@pytest.mark.parametrize("flaw", REFUSED)
def test_a_bad_file_is_refused_by_name(flaw: str, tmp_path: Path) -> None:
    build, error = REFUSED[flaw]
    path = tmp_path / flaw
    path.write_bytes(build())
    with pytest.raises(errors.AudioError) as caught:
        decode(path)
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"{flaw}: ")


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_odd_file_is_accepted(name: str) -> None:
    clip = decode_bytes(ACCEPTED[name](), name)
    assert clip.wav.dtype == torch.float32
    assert clip.wav.shape[1] > 0
    assert torch.isfinite(clip.wav).all()
    assert clip.source.truncated == (name.startswith(("truncated", "lying")))


def test_every_sample_of_a_wav_arrives(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(-32768, 32768, (100_003, 2)).astype(np.int16)
    path = tmp_path / "exact.wav"
    path.write_bytes(wav(samples, RATE))
    clip = decode(path)
    assert torch.equal(clip.wav, torch.from_numpy(samples.T / np.float32(32768)))
    assert clip.sample_rate == RATE
    assert clip.source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert clip.source.size_bytes == path.stat().st_size
    assert (clip.source.container, clip.source.codec, clip.source.name) == ("wav", "pcm_s16le", "exact.wav")
    assert clip.duration_s == pytest.approx(100_003 / RATE)


@pytest.mark.parametrize(
    ("codec", "name", "rate", "least_snr_db"),
    [
        ("wav", "pcm_s24le", RATE, 120),
        ("flac", "flac", RATE, 120),
        ("mp3", "mp3float", RATE, 12),
        ("aac", "aac", RATE, 12),
        ("opus", "opus", 48_000, 8),
        ("vorbis", "vorbis", RATE, 12),
    ],
)
def test_every_format_arrives(
    codec: Codec, name: str, rate: int, least_snr_db: float, tmp_path: Path
) -> None:
    song = music(2, rate, seed=2)
    path = tmp_path / f"song.{codec}"
    encode(song, rate, path, codec=codec)
    clip = decode(path)
    assert (clip.source.codec, clip.sample_rate, clip.wav.shape[0]) == (name, rate, 2)
    heard = clip.wav[:, : song.shape[1]]
    assert heard.shape == song.shape
    assert 10 * torch.log10(song.square().sum() / (song - heard).square().sum()) > least_snr_db
    assert not clip.source.truncated


def test_a_small_file_that_swells_is_stopped() -> None:
    bomb = encode_bytes(torch.zeros(8, 1_920_000), 192_000, codec="flac")
    assert len(bomb) < 1_000_000
    limits = Limits(max_decoded_bytes=4_000_000)
    with pytest.raises(errors.AudioTooLarge, match="more samples"):
        decode_bytes(bomb, "bomb.flac", limits)
    assert decode_bytes(bomb, "bomb.flac").wav.shape == (8, 1_920_000)


def test_a_duration_beyond_the_limit_is_refused_where_the_header_is_silent() -> None:
    data = wav(tone(5 * 8000, 1), 8000, data_bytes=0xFFFFFFFF)
    with pytest.raises(errors.AudioTooLarge, match="longer than"):
        decode_bytes(data, "long.wav", Limits(max_duration_s=3))


def test_a_file_beyond_the_size_limit_is_not_even_read() -> None:
    with pytest.raises(errors.AudioTooLarge, match="larger than"):
        decode_bytes(encoded("mp3"), "big.mp3", Limits(max_bytes=1000))


def test_decoding_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = socket.socketpair()
    monkeypatch.setattr("core.reception.begin", lambda file, limits: Talk(reader, 0.3))
    with pytest.raises(errors.DecodeTimeout):
        decode_bytes(encoded("mp3"), "slow.mp3")
    writer.close()


def test_a_decoder_short_of_memory_is_no_crash() -> None:
    with pytest.raises(errors.AudioError):
        decode_bytes(encoded("flac"), "song.flac", Limits(memory_bytes=0))
    assert decode_bytes(encoded("flac"), "song.flac").wav.shape[0] == 2


def test_a_silent_worker_crash_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = socket.socketpair()
    writer.close()
    monkeypatch.setattr("core.reception.begin", lambda file, limits: Talk(reader, 60))
    with pytest.raises(errors.UnreadableAudio, match="crashed"):
        decode_bytes(encoded("mp3"), "crash.mp3")


@pytest.mark.parametrize(
    "answer",
    [
        b"B\x08\x00\x00\x00" + bytes(8),
        b"H\x02\x00\x00\x00{}",
        b"H\x02\x00\x00\x00[]",
        b"X\x04\x00\x00\x00null",
        b"E\xff\xff\xff\xff",
        b"?\x00\x00\x00\x00",
        b"H\x03\x00\x00\x00{{{",
    ],
)
def test_a_subverted_worker_is_not_believed(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = socket.socketpair()
    writer.sendall(answer)
    writer.close()
    monkeypatch.setattr("core.reception.begin", lambda file, limits: Talk(reader, 60))
    with pytest.raises(errors.UnreadableAudio):
        decode_bytes(encoded("mp3"), "evil.mp3")


def test_a_killed_decoding_process_is_replaced() -> None:
    data = encoded("mp3")
    decode_bytes(data, "before.mp3")
    before = DECODER.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)  # dead, and not yet noticed
    assert decode_bytes(data, "after.mp3").wav.shape[0] == 2
    assert DECODER.pid != before


def test_threads_share_the_decoding_process() -> None:
    clips: dict[int, torch.Tensor] = {}
    files = [wav(tone(3000 + n, 1), RATE) for n in range(6)]

    def work(n: int) -> None:
        clips[n] = decode_bytes(files[n], f"{n}.wav").wav

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: clip.shape[1] for n, clip in clips.items()} == {n: 3000 + n for n in range(6)}


def test_a_forked_child_decodes_on_its_own() -> None:
    data = wav(tone(3000, 1), RATE)
    decode_bytes(data, "parent.wav")
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if decode_bytes(data, "child.wav").wav.shape == (1, 3000) else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert decode_bytes(data, "parent.wav").wav.shape == (1, 3000)


@pytest.mark.parametrize("kind", ["folder", "fifo", "absent", "null byte"])
def test_only_regular_files_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "null byte":
        path = Path("a\0b")
    with pytest.raises(errors.UnreadableAudio):
        decode(path)


def test_damage_in_the_middle_is_survived_and_told() -> None:
    data = bytearray(encode_bytes(noise(6, RATE, channels=2), RATE, codec="mp3", bit_rate=128_000))
    data[40_000:44_000] = bytes(4000)
    clip = decode_bytes(bytes(data), "scratched.mp3")
    assert clip.duration_s > 5
    assert clip.source.truncated


def test_no_descriptor_is_left_open() -> None:
    decode_bytes(encoded("mp3"), "warm.mp3")
    folder = Path("/proc/self/fd") if Path("/proc/self/fd").exists() else Path("/dev/fd")
    before = len(list(folder.iterdir()))
    for _ in range(5):
        decode_bytes(encoded("mp3"), "fine.mp3")
        with pytest.raises(errors.EmptyAudio):
            decode_bytes(b"", "empty.mp3")
        with pytest.raises(errors.UnreadableAudio):
            decode_bytes(b"text" * 100, "text.mp3")
    assert len(list(folder.iterdir())) == before


def test_the_default_limits_bound_the_memory_of_any_file() -> None:
    assert DEFAULT_LIMITS.max_decoded_bytes <= 2 << 30


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")
def test_the_child_that_decodes_is_locked_in(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(wav(tone(400_000), RATE))  # more than a pipe holds: the child waits for its reader
    with path.open("rb") as file, begin(file.fileno(), DEFAULT_LIMITS) as talk:
        assert talk.message()[0] == b"H"
        child = processes.youngest(DECODER.pid)
        status = Path(f"/proc/{child}/status").read_text()
        limits = Path(f"/proc/{child}/limits").read_text()
        if os.geteuid() == 0:
            environment = Path(f"/proc/{child}/environ").read_bytes()
            assert b"TRACKMARK" not in environment and b"HOME" not in environment
            assert len(list(Path(f"/proc/{child}/fd").iterdir())) == 2  # the file and the socket
        else:  # not even its own user may look into it
            with pytest.raises(PermissionError):
                Path(f"/proc/{child}/environ").read_bytes()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status
    assert re.search(r"Max file size +0 +0 ", limits)
    assert re.search(r"Max cpu time +62 +62 ", limits)
    assert not re.search(r"Max address space +unlimited", limits)


def test_a_stream_gives_the_same_samples(tmp_path: Path) -> None:
    path = tmp_path / "tone.flac"
    encode(music(7.0, 44_100), 44_100, path, codec="flac")
    with stream(path) as audio:
        blocks = list(audio.blocks)
        assert (audio.sample_rate, audio.channels) == (44_100, 2)
    assert len(blocks) > 2
    assert torch.equal(torch.cat(blocks, -1), decode(path).wav)


@pytest.mark.parametrize("codec", get_args(Codec))
def test_a_stream_tells_how_long_its_file_should_be(codec: Codec, tmp_path: Path) -> None:
    path = tmp_path / "tone"
    encode(music(7.0, 44_100), 44_100, path, codec=codec)
    with stream(path) as audio:
        assert audio.expected_s == pytest.approx(7.0, abs=0.2)


def test_of_streams_that_follow_each_other_no_length_is_told(tmp_path: Path) -> None:
    one, both = tmp_path / "one.ogg", tmp_path / "both.ogg"
    encode(music(3.0, 44_100), 44_100, one, codec="opus")
    both.write_bytes(one.read_bytes() * 2)
    with stream(both) as audio:
        assert audio.expected_s is None
        assert sum(block.shape[-1] for block in audio.blocks) / audio.sample_rate > 5.5


@pytest.mark.parametrize("told", [None, "7", -1.0, 0, float("nan"), float("inf"), [7.0]])
def test_a_length_that_is_none_is_not_told(told: object) -> None:
    assert expected_s(told) is None


def test_a_stream_that_is_left_early_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tone.flac"
    encode(music(7.0, 44_100), 44_100, path, codec="flac")
    with stream(path) as audio:
        next(audio.blocks)
    assert decode(path).duration_s == pytest.approx(7.0)


def test_a_stream_names_the_file_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(errors.UnreadableAudio, match=r"noise\.mp3: "), stream(path) as audio:
        list(audio.blocks)
    with pytest.raises(errors.AudioTooLarge), stream(path, Limits(max_bytes=100)):
        pass
