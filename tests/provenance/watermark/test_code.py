import numpy as np
import pytest

from core.errors import WatermarkError
from provenance.watermark import code
from provenance.watermark.key import WatermarkKey

KEY = WatermarkKey(bytes(range(32)))


def noisy(signs: code.Signs, sigma: float, seed: int) -> code.Soft:
    noise = np.random.default_rng(seed).standard_normal(signs.size)
    return (signs + sigma * noise).astype(np.float32)


def test_a_message_survives_noise_far_beyond_hard_decisions() -> None:
    # sigma 1.2 is Eb/N0 3.8 dB: one sign in five is wrong; the chance of a lost block is below 1e-4
    for seed in range(5):
        message = np.random.default_rng(seed).bytes(8)
        soft = noisy(code.encode(message, KEY), 1.2, seed)
        assert (np.sign(soft) != code.encode(message, KEY)).mean() > 0.1
        assert code.decode(soft, KEY) == message


def test_the_free_distance_is_that_of_the_published_code() -> None:
    # the (15, 1/6) Cassini code has free distance 56, reached by two information bits
    weights = []
    for second in range(1, 20):
        bits = np.zeros(code.INFO_BITS, np.int64)
        bits[[0, second]] = 1
        weights.append(int((code._encode_bits(bits) < 0).sum()))
    assert min(weights) == 56


def test_a_wrong_key_reads_nothing() -> None:
    soft = code.encode(b"trackmrk", KEY).astype(np.float32)
    assert code.decode(soft, WatermarkKey(bytes(32))) is None


def test_noise_alone_passes_no_check() -> None:
    # 20 trials against a 24-bit check: one passes by luck with probability 1.2e-6
    zeros = np.zeros(code.CODE_BITS, np.int8)
    assert all(code.decode(noisy(zeros, 1.0, seed), KEY) is None for seed in range(20))


def test_the_list_finds_what_the_best_path_misses() -> None:
    message, found = b"listpath", [0, 0]
    for seed in range(6):
        soft = noisy(code.encode(message, KEY), 1.75, seed)
        for which, paths in enumerate((1, 4)):
            found[which] += code.decode(soft, KEY, paths=paths) == message
    assert found[1] >= found[0]


@pytest.mark.parametrize("message", [b"", b"short", b"nine byte"])
def test_other_lengths_are_refused(message: bytes) -> None:
    with pytest.raises(WatermarkError, match="8 bytes"):
        code.encode(message, KEY)
