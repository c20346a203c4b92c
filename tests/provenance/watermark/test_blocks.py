import pytest
import torch

from core.blocks import pieces
from provenance.watermark.embedding import embed, embed_blocks
from provenance.watermark.key import WatermarkKey
from tests.signals import music

KEY = WatermarkKey(bytes(range(32)))


@pytest.mark.parametrize("block", [1, 7, 40, 1000])
@pytest.mark.parametrize(("step", "context"), [(10, 0), (10, 3), (64, 100)])
def test_stretches_join_and_context_is_what_lies_around(block: int, step: int, context: int) -> None:
    wav = torch.arange(203.0)[None]
    found = list(pieces(torch.split(wav, block, -1), step, context))
    assert torch.equal(torch.cat([piece.core for piece in found], -1), wav)
    for number, piece in enumerate(found):
        first, last = number * step, min(203, (number + 1) * step)
        assert torch.equal(piece.wav, wav[:, max(0, first - context) : last + context])
        assert piece.start == max(0, first - context)


def test_no_audio_gives_no_pieces() -> None:
    assert list(pieces([], 10)) == []
    assert list(pieces([torch.zeros(1, 0)], 10)) == []


def test_marking_in_blocks_equals_marking_at_once() -> None:
    wav = music(66.0, 16_000)
    whole = embed(wav, 16_000, b"trackmrk", KEY)
    stream = list(embed_blocks(torch.split(wav, 4_321, -1), 16_000, b"trackmrk", KEY))
    assert len(stream) == 3
    assert torch.equal(torch.cat(stream, -1), whole)
