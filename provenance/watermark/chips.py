"""The keyed layout: which cell carries what, and with which sign.

A block is 20 columns by 38 bands: 148 pilots that are known to the key's owner, and the 612 code bits once.
Blocks repeat with fresh positions and signs for `BLOCKS` blocks (eight minutes), and a track
starts anywhere in that cycle, so averaging marked tracks shows no template.
"""

import functools
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from numpy.typing import NDArray

from provenance.watermark import code
from provenance.watermark.grid import CELL_BANDS
from provenance.watermark.key import WatermarkKey

_Cell = TypeVar("_Cell", bound=np.generic)

BLOCK_COLUMNS = 20
BLOCK_CELLS = BLOCK_COLUMNS * CELL_BANDS
PILOTS = BLOCK_CELLS - code.CODE_BITS
BLOCKS = 256
CYCLE_COLUMNS = BLOCKS * BLOCK_COLUMNS


@dataclass(frozen=True, eq=False)
class Layout:
    """A key's whole cycle.

    Attributes:
        signs: ±1, [CELL_BANDS, CYCLE_COLUMNS].
        bit: index of the code bit in each cell, -1 for a pilot, [CELL_BANDS, CYCLE_COLUMNS].
    """

    signs: NDArray[np.int8]
    bit: NDArray[np.int16]

    def pilots(self, start: int, columns: int) -> NDArray[np.float32]:
        """Pilot signs from column `start` on, zero where a cell carries data, [CELL_BANDS, columns]."""
        index = (start + np.arange(columns)) % CYCLE_COLUMNS
        return np.where(self.bit[:, index] < 0, self.signs[:, index], 0).astype(np.float32)

    def chips(self, code_signs: code.Signs, start: int, columns: int) -> NDArray[np.float32]:
        """Chips of `columns` columns from column `start` of the cycle, [CELL_BANDS, columns]."""
        index = (start + np.arange(columns)) % CYCLE_COLUMNS
        bit = self.bit[:, index]
        data = np.where(bit < 0, 1, code_signs[np.maximum(bit, 0)])
        return (self.signs[:, index] * data).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Expected:
    """The cells of a message in a key's cycle that its mark has and a mark with another message has not.

    Attributes:
        layout: of the key.
        code_signs: ±1, [CODE_BITS].
    """

    layout: Layout
    code_signs: code.Signs

    def pilots(self, start: int, columns: int) -> NDArray[np.float32]:
        """Signs from column `start` on, known as pilots are, zero where those lie, [CELL_BANDS, columns]."""
        every, pilots = self.layout.chips(self.code_signs, start, columns), self.layout.pilots(start, columns)
        return np.where(pilots == 0, every, 0).astype(np.float32)


@functools.lru_cache(maxsize=16)
def expected(key: WatermarkKey, message: bytes) -> Expected:
    """What a message of 8 bytes looks like under a key."""
    return Expected(layout(key), code.encode(message, key))


@functools.lru_cache(maxsize=16)
def layout(key: WatermarkKey) -> Layout:
    """Derive the cycle from a key (ChaCha20 keystream, RFC 8439)."""
    order = np.frombuffer(_keystream(key, "interleaver", BLOCKS * BLOCK_CELLS * 8), "<u8")
    order = order.reshape(BLOCKS, BLOCK_CELLS).argsort(1, kind="stable")
    content = np.concatenate([np.full(PILOTS, -1), np.arange(code.CODE_BITS)]).astype(np.int16)
    bit = np.empty((BLOCKS, BLOCK_CELLS), np.int16)
    np.put_along_axis(bit, order, content[None], 1)
    signs = np.unpackbits(np.frombuffer(_keystream(key, "chips", BLOCKS * BLOCK_CELLS // 8), np.uint8))
    return Layout(_to_grid(signs.astype(np.int8) * 2 - 1), _to_grid(bit))


def start_column(key: WatermarkKey, message: bytes) -> int:
    """Where in the cycle a track starts: a keyed function of its message."""
    return int.from_bytes(key.derive("start/" + message.hex(), 4), "big") % BLOCKS * BLOCK_COLUMNS


def _to_grid(cells: NDArray[_Cell]) -> NDArray[_Cell]:
    blocks = cells.reshape(BLOCKS, CELL_BANDS, BLOCK_COLUMNS)
    return np.ascontiguousarray(blocks.transpose(1, 0, 2).reshape(CELL_BANDS, CYCLE_COLUMNS))


def _keystream(key: WatermarkKey, purpose: str, length: int) -> bytes:
    cipher = Cipher(algorithms.ChaCha20(key.derive(purpose, 32), bytes(16)), mode=None)
    return cipher.encryptor().update(bytes(length))
