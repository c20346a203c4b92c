"""Generated tracks, tagged at birth: no audio leaves before it is marked and registered."""

import importlib.metadata
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.clip import Clip, Source
from provenance.records.involvement import Generation

if TYPE_CHECKING:
    from provenance.generate import Generator
    from provenance.tag import Ledger, Tagged

Progress = Callable[[str, float], None]
UNTRAINED_TEXT = (
    "{name}: a real MusicGen built from audiocraft's own classes, with random weights as none are at hand; "
    "it plays texture, not music, and cannot follow the prompt (--model facebook/musicgen-small does)"
)


def generate_clip(
    prompt: str,
    *,
    model: str | None,
    seconds: float,
    seed: int | None = None,
    progress: Progress | None = None,
    generator: "Generator | None" = None,
) -> tuple[Clip, Generation, str]:
    """Generate audio and the statement of what made it.

    Args:
        prompt: what the music should be like.
        model: name or folder for `provenance.generate.load_generator`.
        seconds: length.
        seed: repeats a former run; None draws one.
        progress: called with (step, fraction done).
        generator: used instead of loading `model`.

    Returns:
        The audio, its `Generation` for the record, and a sentence about the model.

    Raises:
        GenerationError: the model cannot be loaded or fails.
    """
    from provenance.generate import UNTRAINED, load_generator

    report = progress or (lambda _step, _fraction: None)
    started = _now()
    report("load the model", 0.0)
    generator = generator or load_generator(model)
    chosen = secrets.randbits(31) if seed is None else seed
    wav = generator.generate(
        prompt, seconds, chosen, lambda done, total: report("generate", 0.1 + 0.8 * done / max(total, 1))
    )
    generation = Generation(
        provider="Meta" if generator.name.startswith("facebook/") else "audiocraft",
        system=generator.name,
        system_version=f"audiocraft {_version()}",
        created_or_altered="created",
        started_at=started,
        finished_at=_now(),
        model=generator.name,
    )
    text = UNTRAINED_TEXT if generator.name == UNTRAINED else "{name}"
    clip = Clip(wav, generator.sample_rate, Source("generated", "0" * 64, 0, "none", "none"))
    told = f"; {clip.duration_s:.1f} s at {clip.sample_rate} Hz, seed {chosen}"
    return clip, generation, text.format(name=generator.name) + told


def generate_tagged(
    prompt: str,
    out: Path,
    *,
    ledger: "Ledger",
    title: str,
    owner: str,
    model: str | None = None,
    seconds: float = 20.0,
    seed: int | None = None,
    strength: float = 1.0,
    progress: Progress | None = None,
    generator: "Generator | None" = None,
    keep_manifest: Callable[[str, bytes], None] | None = None,
) -> "tuple[Tagged, str]":
    """Generate a track and tag it; arguments as in `generate_clip` and `provenance.tag.tag`.

    Returns:
        The tagged track, and a sentence about the model that made it.
    """
    from provenance.tag import Declaration, tag

    clip, generation, text = generate_clip(
        prompt, model=model, seconds=seconds, seed=seed, progress=progress, generator=generator
    )
    declaration = Declaration(title, owner, None, "all", generation, basis="generated_here")
    tagged = tag(
        clip,
        out,
        declaration,
        ledger=ledger,
        strength=strength,
        progress=progress,
        keep_manifest=keep_manifest,
    )
    return tagged, text


def _version() -> str:
    try:
        return importlib.metadata.version("audiocraft")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
