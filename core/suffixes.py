"""The endings of files that `core.decode` can read; a search of folders looks for these."""

SUFFIXES = frozenset(
    """
    .wav .wave .bwf .rf64 .bw64 .w64 .aif .aiff .aifc .caf .flac .mp1 .mp2 .mp3 .mpga .ogg .oga .ogv .opus
    .m4a .m4b .m4r .m4p .mp4 .m4v .mov .3gp .3g2 .aac .adts .amr .mka .mkv .webm .weba
    """.split()  # noqa: SIM905
)


def is_audio(name: str) -> bool:
    """Whether a file's name says that it holds audio; capitals do not matter.

    >>> is_audio("Song.FLAC"), is_audio("cover.jpg")
    (True, False)
    """
    return any(name.lower().endswith(suffix) for suffix in SUFFIXES)
