import pytest

from core.suffixes import is_audio

OF_CONTAINERS = ".m4b .aifc .caf .w64 .mov .mkv .wave .bwf .rf64 .M4A .m4r .3gp .mp2 .oga .webm"


@pytest.mark.parametrize("suffix", OF_CONTAINERS.split())
def test_every_container_that_can_be_read_is_looked_for(suffix: str) -> None:
    assert is_audio(f"song{suffix}")


@pytest.mark.parametrize("name", ["a.txt", "mp3", "a.mp3.part", "a.wv", ""])
def test_nothing_else_is(name: str) -> None:
    assert not is_audio(name)
