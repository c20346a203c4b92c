"""Message to code bits and back: the (15, 1/6) convolutional code with soft, list Viterbi decoding.

Constraint length 15, rate 1/6, generators of the Cassini deep-space code, zero-terminated. 64 message bits
and a 24-bit keyed check make 612 code bits. Source of the list algorithm: Seshadri and
Sundberg, "List Viterbi decoding algorithms with applications", IEEE Trans. Comm. 1994 (parallel form).
"""

import functools

import numpy as np
from numpy.typing import NDArray

from core.errors import WatermarkError
from provenance.watermark.key import WatermarkKey

GENERATORS = (0o46321, 0o51271, 0o63667, 0o70535, 0o73277, 0o76513)
CONSTRAINT = 15
MESSAGE_BYTES = 8
CHECK_BYTES = 3
INFO_BITS = 8 * (MESSAGE_BYTES + CHECK_BYTES)
STEPS = INFO_BITS + CONSTRAINT - 1
CODE_BITS = STEPS * len(GENERATORS)
STATES = 1 << (CONSTRAINT - 1)

Signs = NDArray[np.int8]
Soft = NDArray[np.float32]


def encode(message: bytes, key: WatermarkKey) -> Signs:
    """Code bits of a message as signs.

    Args:
        message: 8 bytes.
        key: keys the check.

    Returns:
        ±1, [CODE_BITS].

    Raises:
        WatermarkError: the message does not have 8 bytes.
    """
    if len(message) != MESSAGE_BYTES:
        raise WatermarkError(f"a message has {MESSAGE_BYTES} bytes, this one has {len(message)}")
    bits = np.unpackbits(np.frombuffer(message + key.check(message), np.uint8)).astype(np.int64)
    return _encode_bits(bits)


def decode(soft: Soft, key: WatermarkKey, *, paths: int = 1) -> bytes | None:
    """Most likely message whose keyed check holds.

    Args:
        soft: log-likelihood ratio of each code bit being +1, [CODE_BITS].
        key: keys the check.
        paths: how many of the most likely paths to try.

    Returns:
        8 bytes, or None where no path passes its check.
    """
    for bits in _viterbi(soft, paths):
        packed = np.packbits(bits[:INFO_BITS]).tobytes()
        message = packed[:MESSAGE_BYTES]
        if key.check(message) == packed[MESSAGE_BYTES:]:
            return message
    return None


def _encode_bits(bits: NDArray[np.int64]) -> Signs:
    register = 0
    output = np.empty((STEPS, len(GENERATORS)), np.int8)
    for step in range(STEPS):
        bit = int(bits[step]) if step < len(bits) else 0
        register = (bit << (CONSTRAINT - 1)) | (register >> 1)
        for column, generator in enumerate(GENERATORS):
            output[step, column] = 1 - 2 * ((register & generator).bit_count() & 1)
    return output.reshape(-1)


@functools.cache
def _patterns() -> NDArray[np.intp]:
    """Output pattern (0-63) of the branch from each even state with input 0, [STATES / 2].

    Every generator taps both ends of the register, so the other three branches of a butterfly are this
    pattern or its complement.
    """
    register = np.arange(0, STATES, 2)
    pattern = np.zeros_like(register)
    for generator in GENERATORS:
        pattern = (pattern << 1) | (np.bitwise_count(register & generator) & 1)
    return pattern


@functools.cache
def _pattern_signs() -> NDArray[np.float32]:
    bits = (np.arange(64)[:, None] >> np.arange(len(GENERATORS) - 1, -1, -1)[None]) & 1
    return (1.0 - 2.0 * bits).astype(np.float32)


def _viterbi(soft: Soft, paths: int) -> list[NDArray[np.uint8]]:
    """The `paths` most likely bit sequences, best first."""
    branch_metrics = soft.reshape(STEPS, len(GENERATORS)).astype(np.float32) @ _pattern_signs().T
    metric = np.full((STATES, paths), -np.inf, np.float32)
    metric[0, 0] = 0.0
    choices = np.empty((STEPS, STATES, paths), np.uint8)
    half = STATES // 2
    for step in range(STEPS):
        gain = branch_metrics[step][_patterns()][:, None]
        even, odd = metric[0::2], metric[1::2]
        metric = np.empty_like(metric)
        for bit, sign in ((0, gain), (1, -gain)):
            rows = slice(bit * half, bit * half + half)
            metric[rows], choices[step, rows] = _best(even + sign, odd - sign)
    return [_trace(choices, rank) for rank in range(paths) if np.isfinite(metric[0, rank])]


def _best(even: Soft, odd: Soft) -> tuple[Soft, NDArray[np.uint8]]:
    """Merge the lists of two branches and keep the best, [S, paths] twice to the same."""
    paths = even.shape[1]
    if paths == 1:
        return np.maximum(even, odd), (odd > even).astype(np.uint8)
    candidates = np.concatenate([even, odd], 1)
    order = np.argsort(-candidates, axis=1, kind="stable")[:, :paths]
    return np.take_along_axis(candidates, order, 1), order.astype(np.uint8)


def _trace(choices: NDArray[np.uint8], rank: int) -> NDArray[np.uint8]:
    paths = choices.shape[2]
    bits = np.empty(STEPS, np.uint8)
    state = 0
    for step in range(STEPS - 1, -1, -1):
        bits[step] = state >> (CONSTRAINT - 2)
        branch, rank = divmod(int(choices[step, state, rank]), paths)
        state = ((state << 1) & (STATES - 1)) | branch
    return bits
