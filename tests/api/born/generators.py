"""What each named system and each family of methods puts out: notes, stems, samples, at its own rate.

One row of `docs/coverage.md` each. The sound is generated here; what counts is its kind.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of output.

    Attributes:
        row: begins the first cell of its row in `docs/coverage.md`.
        section: heading above that row.
        suffix: of the files that it exports.
        sample_rate: of their audio, in Hz.
        channels: of their audio.
        score: a MIDI file comes with them.
        stems: names of the parts, where the parts are files of their own.
        seconds: length; a single note is short.
    """

    row: str
    section: str
    suffix: str
    sample_rate: int
    channels: int
    score: bool = False
    stems: tuple[str, ...] = ("song",)
    seconds: float = 6.0


SYSTEMS = "Named systems"
FAMILIES = "Families of methods"
KINDS = (
    Kind("MuseNet", SYSTEMS, ".mp3", 44_100, 2, score=True),
    Kind("Magenta: Music Transformer", SYSTEMS, ".wav", 44_100, 1, score=True),
    Kind("Magenta: NSynth", SYSTEMS, ".wav", 16_000, 1, seconds=4.0),
    Kind("AIVA", SYSTEMS, ".wav", 44_100, 2, score=True, stems=("song", "strings", "piano")),
    Kind("Amper", SYSTEMS, ".wav", 48_000, 2, stems=("mix", "drums")),
    Kind("SOUNDRAW", SYSTEMS, ".m4a", 44_100, 2),
    Kind("RNN, LSTM over notes", FAMILIES, ".flac", 22_050, 1, score=True),
    Kind("transformer over notes", FAMILIES, ".ogg", 44_100, 2, score=True),
    Kind("transformer over codec tokens", FAMILIES, ".wav", 32_000, 1),
    Kind("VAE", FAMILIES, ".wav", 44_100, 1),
    Kind("GAN", FAMILIES, ".wav", 16_000, 1),
    Kind("diffusion in a latent space", FAMILIES, ".flac", 44_100, 2),
    Kind("diffusion over spectrograms", FAMILIES, ".mp3", 22_050, 1),
)
