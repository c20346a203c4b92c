"""Two lines around any generator in Python, after which its output is tagged before anybody sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import torch
from torch import Tensor

from core.clip import Clip, Source
from core.errors import InvalidSamples, UnsupportedAudio
from provenance.declaration import Declaration
from provenance.formats import CODECS, codec_for
from provenance.records.record import new_record_id
from provenance.score.reading import read_score
from provenance.tag import Tagged

if TYPE_CHECKING:
    from api.audit.engines import Engines
    from api.registry.registry import Registry

P = ParamSpec("P")
MOST_CHANNELS = 8
Audio = Path | str | tuple[Any, int]
"""A file, or samples ([T] or [C, T]: a tensor, a NumPy array, lists) with their rate in Hz."""


@dataclass(frozen=True)
class Rendering:
    """Audio together with the scores that it renders, for generators that compose.

    Attributes:
        audio: as any generator returns it.
        scores: MIDI files; their hashes go into the record.
    """

    audio: Audio
    scores: tuple[Path | str, ...] = ()


def born_tagged(
    generate: Callable[P, Audio | Rendering],
    *,
    owner: str,
    generator: str,
    into: Path | str,
    title: str | Callable[P, str] | None = None,
    ai: str = "all",
    suffix: str | None = None,
    registry: "Registry | None" = None,
    engines: "Engines | None" = None,
) -> Callable[P, Tagged]:
    """Wrap a generator so that what it makes is marked, registered and signed, and only then handed on.

    Args:
        generate: makes audio: returns a file, or samples with their rate, or either in a `Rendering`.
        owner: who holds the master right.
        generator: the system, as `Meta/MusicGen 1.3`.
        into: folder of the tagged files.
        title: of each track, or a function of the generator's arguments; the file's name otherwise.
        ai: how much of it a machine makes: `all` or `partly`.
        suffix: chooses the format; that of the generator's file where it can be written, else `.flac`.
        registry: where records go; the one under `$TRACKMARK_HOME` otherwise.
        engines: what touches audio; None takes the parts as they ship.

    Returns:
        A function of the same arguments that returns the tagged track. It raises what `provenance.tag.tag`
        raises, besides `UnsupportedAudio`, `InvalidSamples` and `UnreadableScore` for what is none.

    Raises:
        EncodeError: `suffix` names no known format.
    """
    if suffix is not None:
        codec_for(Path(f"track{suffix}"))
    folder = Path(into)

    @wraps(generate)
    def tagged(*args: P.args, **kwargs: P.kwargs) -> Tagged:
        made = generate(*args, **kwargs)
        made = made if isinstance(made, Rendering) else Rendering(made)
        ledger = (registry or _own_registry()).ledger()
        record_id = new_record_id()
        source, name = _source(made.audio, record_id)
        wanted = title(*args, **kwargs) if callable(title) else title
        declaration = Declaration.parse(
            wanted or name,
            owner,
            ai=ai,
            generator=generator,
            basis="generated_here",
            ingredients=tuple(read_score(Path(score)).ingredient for score in made.scores),
        )
        folder.mkdir(parents=True, exist_ok=True)
        out = folder / f"{name}{suffix or _suffix(source)}"
        parts = engines or _own_engines()
        return parts.tagger(source, out, declaration, ledger=ledger, marker=parts.marker, record_id=record_id)

    return tagged


@cache
def _own_registry() -> "Registry":
    from api.registry.registry import Registry
    from api.settings import Settings

    return Registry.open(Settings())


@cache
def _own_engines() -> "Engines":
    from api.audit.engines import product_engines
    from api.settings import Settings

    return product_engines(Settings())


def _source(audio: Audio, record_id: str) -> tuple[Path | Clip, str]:
    """What is to be tagged, and the name of its file without the suffix."""
    if isinstance(audio, Path | str):
        return Path(audio), Path(audio).stem
    try:
        samples, sample_rate = audio
        wav = torch.as_tensor(samples)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UnsupportedAudio(f"a generator returns a file, or samples and their rate: {error}") from error
    return Clip(
        _samples(wav), _rate(sample_rate), Source("generated", "0" * 64, 0, "none", "none")
    ), record_id


def _samples(wav: Tensor) -> Tensor:
    """Samples of any number format as [C, T] float32."""
    wav = wav.detach().cpu()
    if wav.dtype in (torch.int16, torch.int32):
        wav = wav.double() / -torch.iinfo(wav.dtype).min
    if not wav.dtype.is_floating_point:
        raise UnsupportedAudio(f"samples are floating-point, or integers of 16 or 32 bits, not {wav.dtype}")
    wav = wav.float()
    wav = wav[None] if wav.dim() == 1 else wav
    if wav.dim() != 2 or not 1 <= wav.shape[0] <= MOST_CHANNELS:
        raise UnsupportedAudio(
            f"samples come as [T] or [channels, T] of up to {MOST_CHANNELS} channels, not {tuple(wav.shape)}"
        )
    if not bool(torch.isfinite(wav).all()):
        raise InvalidSamples("the generator returned samples that are not finite numbers")
    return wav


def _rate(sample_rate: Any) -> int:
    if isinstance(sample_rate, bool) or int(sample_rate) != sample_rate or sample_rate < 1:
        raise UnsupportedAudio(f"a sample rate is a whole number of Hz, not {sample_rate!r}")
    return int(sample_rate)


def _suffix(source: Path | Clip) -> str:
    own = source.suffix.lower() if isinstance(source, Path) else ""
    return own if own in CODECS else ".flac"
