"""Codebooks of a residual vector quantiser: filled from frames, and kept in use.

audiocraft's own start compares all frames with all codes at once and takes minutes on one core; its
replacement of unused codes is undone in the same step by the running mean that each code is set to.

Source: N. Zeghidour et al., SoundStream, 2021, section III.C.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor


def started(quantizer: Any) -> bool:
    """Whether the codebooks of audiocraft's `ResidualVectorQuantizer` hold anything."""
    return all(bool(book.inited) for book in _books(quantizer))


@torch.no_grad()
def start(quantizer: Any, frames: Tensor, counted: float = 1.0) -> None:
    """Fill the codebooks with the k-means of frames, [N, D].

    Args:
        quantizer: audiocraft's `ResidualVectorQuantizer`.
        frames: from the encoder.
        counted: how often each frame counts in the running sizes; a batch over N makes them those of a batch.
    """
    for book in _books(quantizer):
        chosen, sizes = k_means(frames, book.codebook_size)
        _set(book, slice(None), chosen, sizes * counted)
        book.inited.fill_(1.0)
        frames = frames - chosen[torch.cdist(frames, chosen).argmin(1)]


@torch.no_grad()
def revive(quantizer: Any, frames: Tensor, least: float) -> int:
    """Put codes that are hardly used where frames are.

    Args:
        quantizer: audiocraft's `ResidualVectorQuantizer`, started.
        frames: from the encoder, [N, D].
        least: codes that are used less than this share of the mean are moved.

    Returns:
        How many were.
    """
    moved = 0
    for book in _books(quantizer):
        mean = book.cluster_size.mean()
        idle = (book.cluster_size < least * mean).nonzero()[:, 0]
        if len(idle):
            drawn = frames[torch.randint(len(frames), (len(idle),)).to(frames.device)]
            _set(book, idle, drawn, mean.expand(len(idle)))
            moved += len(idle)
        frames = frames - book.embed[torch.cdist(frames, book.embed).argmin(1)]
    return moved


def k_means(points: Tensor, number: int, rounds: int = 8) -> tuple[Tensor, Tensor]:
    """Centres of clusters, [K, D], and their sizes, at least one, of points, [N, D]."""
    centres = points[torch.randperm(len(points))[:number].to(points.device)]
    if len(centres) < number:
        centres = centres[torch.randint(len(centres), (number,)).to(points.device)]
    sizes = torch.ones(number, device=points.device)
    for _ in range(rounds):
        nearest = torch.cdist(points, centres).argmin(1)
        sizes = torch.bincount(nearest, minlength=number).to(points)
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        centres = torch.where(sizes[:, None] > 0, sums / sizes[:, None].clamp_min(1.0), centres)
    return centres, sizes.clamp_min(1.0)


def _books(quantizer: Any) -> Iterator[Any]:
    for layer in quantizer.vq.layers:
        yield layer._codebook


def _set(book: Any, codes: Any, vectors: Tensor, sizes: Tensor) -> None:
    book.embed[codes] = vectors
    book.embed_avg[codes] = vectors * sizes[:, None]
    book.cluster_size[codes] = sizes
