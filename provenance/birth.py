"""A generated track: made to order, marked as it is made, registered with what made it."""

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core import clock, scratch
from core.clip import Clip, Source
from core.decode import decode
from core.downmix import downmix
from core.errors import CredentialsError
from core.progress import Progress
from core.resample import resample
from provenance.commitment import Opening, commit
from provenance.declaration import Declaration
from provenance.generate import Generator, Order, load_generator, version
from provenance.generate.composer import NAME as OURS
from provenance.records.ingredient import Ingredient
from provenance.records.involvement import Generation
from provenance.records.record import new_record_id
from provenance.tag_stream import Listener, tag_stream

if TYPE_CHECKING:
    from provenance.tag import Ledger, Tagged

OURS_TEXT = (
    "{name}: a small music model of our own, built from audiocraft's classes; it reads no prompt "
    "(--model facebook/musicgen-small does)"
)


@dataclass(frozen=True)
class Openings:
    """What opens the commitments of a record; private.

    Attributes:
        record_id: of the record, which need not be registered yet.
        prompt, seed: what was committed to.
    """

    record_id: str
    prompt: Opening
    seed: Opening


@dataclass(frozen=True)
class Born:
    """A track that was made and tagged here.

    Attributes:
        tagged: the track.
        text: a sentence about the model that made it.
        openings: of its record.
    """

    tagged: "Tagged"
    text: str
    openings: Openings


@dataclass(frozen=True)
class Given:
    """Audio that a model is given.

    Attributes:
        clip: the audio.
        path: its file.
        ingredient: how the record names it.
        marked: it carries a mark of the ledger's own.
    """

    clip: Clip
    path: Path
    ingredient: Ingredient
    marked: bool


def given(path: Path, relation: str, ledger: "Ledger") -> Given:
    """Read a file that a model is to hear, and what it carries: mark, record and credentials.

    Where neither mark nor credentials name a record, the one does under which its sound is registered.

    Raises:
        AudioError: it cannot be used as audio.
    """
    from provenance.credentials import read_credentials
    from provenance.watermark import detect

    clip = decode(path, ledger.limits)
    found = detect(clip.wav, clip.sample_rate, ledger.watermark_key())
    mark = found.message.hex() if found.present and found.message is not None else None
    named, signer = None, None
    with contextlib.suppress(CredentialsError):  # damaged ones prove nothing, and the file's hash is recorded
        credentials = read_credentials(path)
        if credentials.signature_valid:
            named, signer = credentials.record_id, credentials.signer
    named = mark or named or _sounds_like(clip, ledger)
    form = path.suffix[1:].lower()[:20] or None
    return Given(clip, path, Ingredient(relation, clip.source.sha256, form, named, signer), mark is not None)


def _sounds_like(clip: Clip, ledger: "Ledger") -> str | None:
    """The record whose recording is heard in at least half of a clip."""
    from provenance.fingerprint import extract

    matches = ledger.fingerprint_index().query(extract(clip.wav, clip.sample_rate))
    return next((match.record_id for match in matches if match.score >= 0.5), None)


def generate_clip(
    order: Order, *, progress: Progress | None = None, generator: Generator | None = None
) -> tuple[Clip, Generation, str]:
    """Generate audio and the statement of what made it.

    Args:
        order: what is asked for.
        progress: called with (step, fraction done).
        generator: used instead of loading `order.model`.

    Returns:
        The audio, its `Generation` for the record, and a sentence about the model.

    Raises:
        GenerationError: the model cannot be loaded or fails.
    """
    started = clock.now_text()
    generator, seed = _ready(order, progress, generator)
    wav = torch.cat(list(generator.stream(order, seed, _steps(progress))), -1)
    clip = Clip(wav, generator.sample_rate, Source("generated", "0" * 64, 0, "none", "none"))
    made = _generation(generator, started, commit(order.prompt), commit(str(seed)))
    return clip, made, _sentence(generator, clip.duration_s, seed)


def generate_tagged(
    order: Order,
    out: Path,
    *,
    title: str,
    owner: str,
    ledger: "Ledger",
    melody: Path | None = None,
    beginning: Path | None = None,
    strength: float = 1.0,
    progress: Progress | None = None,
    generator: Generator | None = None,
    overwrite: bool = False,
    listener: Listener | None = None,
    keep: Callable[[Openings], None] | None = None,
) -> Born:
    """Generate a track and tag it at birth: no audio leaves before it is marked.

    Arguments as in `generate_clip` and `provenance.tag_stream.tag_stream`, and:

    Args:
        melody: a file whose tune is to be followed.
        beginning: a file that is to be continued. Where it carries a mark of the ledger's own, it is kept as
            it is, and the mark of the new record begins behind it.
        keep: is handed what opens the record's commitments before anything is made or registered: nobody can
            make it again. What it raises leaves no record.

    Raises:
        AudioError: an input cannot be used as audio.
        GenerationError: as of `generate_clip`.
    """
    inputs = [
        given(path, relation, ledger)
        for path, relation in ((melody, "melody"), (beginning, "continued"))
        if path is not None
    ]
    order = _with_inputs(order, inputs)  # refused, where it is wrong, before a model is loaded
    started = clock.now_text()
    generator, seed = _ready(order, progress, generator)
    first = next((one for one in inputs if one.ingredient.relation == "continued"), None)
    if first is not None:
        order = replace(order, beginning=_fitted(first.clip, generator))
    prompt, committed = commit(order.prompt), commit(str(seed))
    openings = Openings(new_record_id(), prompt, committed)
    if keep is not None:
        keep(openings)

    def declaration() -> Declaration:
        made = _generation(generator, started, prompt, committed)
        ingredients = tuple(one.ingredient for one in inputs)
        ai = "all" if first is None else "partly"
        return Declaration(title, owner, None, ai, made, basis="generated_here", ingredients=ingredients)

    chunks = generator.stream(order, seed, _steps(progress))
    kept = first is not None and first.marked
    if order.beginning is not None and not kept:
        chunks = _behind(order.beginning, chunks)
    tagged = tag_stream(
        chunks,
        generator.sample_rate,
        out,
        declaration,
        ledger=ledger,
        strength=strength,
        progress=progress,
        overwrite=overwrite,
        listener=listener,
        before=order.beginning if kept else None,
        source=None if first is None else first.path,
        warnings=() if first is None else _not_kept(first, order.beginning),
        record_id=openings.record_id,
    )
    return Born(tagged, _sentence(generator, tagged.duration_s, seed), openings)


def _not_kept(first: Given, fitted: Clip | None) -> tuple[str, ...]:
    """What a track does not keep of the file that it begins with, in plain words."""
    from provenance.metadata import carrying

    told, clip = [], first.clip
    found = carrying.read(first.path, clip.source)
    if found.source is not None or found.unreadable is not None or found.chapters:
        told.append("what the beginning says of itself (tags, cover) is of another track, and is left out")
    if fitted is not None and fitted.sample_rate != clip.sample_rate:
        rates = f"from {clip.sample_rate} to {fitted.sample_rate} Hz"
        told.append(f"the beginning is converted {rates}, at which the model plays")
    if fitted is not None and len(fitted.wav) < len(clip.wav):
        told.append(f"the beginning's {len(clip.wav)} channels become {len(fitted.wav)}, as the model plays")
    if any(bool((part.abs() > 1.0).any()) for part in scratch.stretches(clip.wav)):
        told.append("the beginning goes beyond full scale: its peaks are cut")
    return tuple(told)


def _with_inputs(order: Order, inputs: Sequence[Given]) -> Order:
    for one in inputs:
        if one.ingredient.relation == "melody":
            order = replace(order, melody=one.clip)
        else:
            order = replace(order, beginning=one.clip)
    return order


def _ready(order: Order, progress: Progress | None, generator: Generator | None) -> tuple[Generator, int]:
    """The generator, loaded, and the seed."""
    if progress is not None:
        progress("load the model", 0.0)
    seed = secrets.randbits(31) if order.seed is None else order.seed
    return generator or load_generator(order.model), seed


def _steps(progress: Progress | None) -> Callable[[int, int], None]:
    def told(done: int, total: int) -> None:
        if progress is not None:
            progress("generate", 0.1 + 0.8 * done / max(total, 1))

    return told


def _fitted(clip: Clip, generator: Generator) -> Clip:
    """A clip at the rate and channels of a generator."""
    wav = clip.wav if len(clip.wav) == generator.channels else downmix(clip.wav)[None]
    wav = resample(wav.expand(generator.channels, -1), clip.sample_rate, generator.sample_rate)
    return replace(clip, wav=wav.clamp(-1.0, 1.0), sample_rate=generator.sample_rate, layout=None)


def _behind(beginning: Clip, chunks: Iterator[Tensor]) -> Iterator[Tensor]:
    yield beginning.wav
    yield from chunks


def _generation(generator: Generator, started: str, prompt: Opening, seed: Opening) -> Generation:
    return Generation(
        provider=_provider(generator.name),
        system=generator.name,
        system_version=f"audiocraft {version()}",
        created_or_altered="created",
        started_at=started,
        finished_at=clock.now_text(),
        model=generator.name,
        model_sha256=generator.weights_sha256,
        model_licence=generator.licence,
        prompt_commitment=prompt.commitment,
        seed_commitment=seed.commitment,
    )


def _provider(name: str) -> str:
    if name == OURS:
        return "Trackmark"
    return "Meta" if name.startswith("facebook/") else "audiocraft"


def _sentence(generator: Generator, duration_s: float, seed: int) -> str:
    text = OURS_TEXT if generator.name == OURS else "{name}"
    return (
        text.format(name=generator.name) + f"; {duration_s:.1f} s at {generator.sample_rate} Hz, seed {seed}"
    )
