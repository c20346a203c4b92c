"""A small model behind a card: only one that is what its card says is loaded, and no pickle is read."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from core import cards
from core.cards import Card
from core.errors import GenerationError, WeightsError
from provenance.generate import AudiocraftGenerator, Composer, Order, Shape, load_generator
from provenance.generate.composer import CARD

SMALL = Shape(8000, 160, 8, 1, 16, 3, 16, 2, 32, 1, 2, 1)


def written(folder: Path, shape: Shape = SMALL, **config: Any) -> Card:
    """A composer that nobody trained, as the lab would write it."""
    torch.manual_seed(0)
    tensors = {name: value.half() for name, value in Composer(shape).state_dict().items()}
    described = {**asdict(shape), **config}
    card = Card("small", "1", "", "", "CC0-1.0", "nothing", "c0ffee", "2026-01-01", {}, described)
    return cards.write(card, tensors, folder / CARD)


def test_a_folder_with_a_card_plays_and_continues_under_its_own_name(tmp_path: Path) -> None:
    card = written(tmp_path)
    generator = load_generator(str(tmp_path))
    assert isinstance(generator, AudiocraftGenerator)
    assert (generator.name, generator.sample_rate) == ("small", 8000)
    assert (generator.weights_sha256, generator.licence) == (card.sha256, "CC0-1.0")
    assert generator.abilities.continues and not generator.abilities.reads_text
    # longer than the second that it plays at once: it continues what it played
    wav = torch.cat(list(generator.stream(Order("", seconds=2.2), 1)), -1)
    assert wav.shape == (1, 17_600) and bool(torch.isfinite(wav).all())


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"width": 4}, "other tensors"),
        ({"layers": 10_000_000}, "larger than any"),
        ({"width": 1 << 20}, "larger than any"),
        ({"books": 1 << 40}, "larger than any"),
        ({"spoken": 4}, "cannot speak 4"),
        ({"hop": 320 << 20}, "divide"),
        ({"hop": 1}, "divide"),
        ({"longest_s": 1 << 40}, "larger than any"),
        ({"heads": 5}, "divide"),
        ({"rate": -8000}, "above zero"),
        ({"books": 2.5}, "above zero"),
        ({"strides": [8, 5, 4]}, "describes no composer"),
        ({"another": 1}, "describes no composer"),
    ],
)
def test_a_card_that_tells_another_shape_is_refused(config: dict[str, Any], why: str, tmp_path: Path) -> None:
    written(tmp_path, **config)
    with pytest.raises(GenerationError, match=why):
        load_generator(str(tmp_path))


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    card = written(tmp_path)
    path = tmp_path / card.file
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(GenerationError, match="not the file"):
        load_generator(str(tmp_path))
    path.unlink()
    with pytest.raises(GenerationError, match="are missing"):
        load_generator(str(tmp_path))


def test_a_shape_is_checked_as_it_is_made() -> None:
    assert (Shape().frame_rate, Shape().bit_rate(8)) == (50, 3600.0)
    with pytest.raises(WeightsError, match="above zero"):
        Shape(rate=0)
