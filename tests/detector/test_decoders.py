"""One table of decoders, and what each detector takes from it."""

from itertools import accumulate
from operator import mul

from detector.decoders import ARCHITECTURES, DECODERS, SPACINGS_HZ, VOICE_SPACINGS_HZ

FITTED_ON = [50, 62.5, 75, 80, 86.1328, 93.75, 100, 125, 172.2656, 344.5312]
"""What the shipped weights of the voice detector were fitted on; three of them are its score."""
FITTED_ON += [400, 600, 689.0625, 750, 1000, 2000, 4000, 5512.5, 6000]


def test_the_voice_detector_listens_for_what_its_weights_know() -> None:
    assert list(VOICE_SPACINGS_HZ) == FITTED_ON


def test_a_layer_heard_in_a_voice_is_a_layer_of_its_decoder() -> None:
    for decoder in (d for d in DECODERS if d.strides):
        assert set(decoder.voice) <= set(accumulate(reversed(decoder.strides), mul)), decoder.name


def test_the_music_detector_looks_for_every_layer_of_the_decoders_it_names() -> None:
    assert {round(s, 4) for a in ARCHITECTURES for s in a.spacings_hz} == set(SPACINGS_HZ)
    assert all(a.spacings_hz for a in ARCHITECTURES)
    assert [d.name for d in DECODERS if d not in ARCHITECTURES] == ["mel vocoders 16 kHz, hops 200 and 256"]


def test_no_layer_is_listed_twice() -> None:
    layers = [round(d.output_rate / hop, 4) for d in DECODERS for hop in d.voice]
    assert len(layers) == len(set(layers))
