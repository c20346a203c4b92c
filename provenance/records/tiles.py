"""Where a log's tiles lie: the paths of C2SP tlog-tiles, written and read (section "Merkle tree").

A tile holds up to 256 hashes of one level of the tree, or up to 256 entries of the log. Its number is
written in groups of three digits, all but the last with an `x` before them; one that is not full names its
width.
"""

import re
from dataclasses import dataclass

from core.errors import ProofError

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVELS = 6
"""A log of 2^63 entries has no tile above this level's."""

_PATH = re.compile(r"(entries|[0-5])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII)


@dataclass(frozen=True)
class Tile:
    """One tile.

    Attributes:
        level: of its hashes, 0 the leaves' own; None for a bundle of entries.
        number: how many full tiles of this level lie before it.
        width: how many hashes or entries it holds, 1 to 256.
    """

    level: int | None
    number: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it lies, below `tile/`."""
        digits = str(self.number)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"{'entries' if self.level is None else self.level}/{name}{partial}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile that lies at `path`, below `tile/`.

        Raises:
            ProofError: no tile has that path, or only one of a log of more than 2^63 entries.
        """
        match = _PATH.fullmatch(path)
        if match is not None:
            head, groups, width = match.groups()
            level = None if head == "entries" else int(head)
            number = int(groups.replace("x", "").replace("/", ""))
            tile = cls(level, number, TILE_WIDTH if width is None else int(width))
            leaves = (number + 1) << TILE_HEIGHT * (1 + (level or 0))
            if tile.width <= TILE_WIDTH and tile.path == path and leaves < 1 << 63:
                return tile
        raise ProofError("no tile has that path")
