"""An adapter on many recordings: the work behind `trackmark adapter add` and behind an audit's opinions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clip import Clip
from core.decode import decode
from core.errors import AudioError, EncodeError, WeightsError
from core.limits import Limits
from core.progress import Progress, through
from detector.music.adapters import confounds, store, trial
from detector.music.adapters.manifest import checkpoint
from detector.music.adapters.opinion import Opinion, opinion
from detector.music.adapters.session import opened
from detector.music.adapters.trial import Heard, Trial
from detector.music.detector import SHORTEST_S


@dataclass(frozen=True)
class Hearing:
    """An adapter after its recordings.

    Attributes:
        human: score of each human recording by its SHA-256.
        generated: likewise of generated ones.
        trial: the answers; None where one class is missing.
        skipped: files that could not be used, with the reason.
    """

    human: dict[str, float]
    generated: dict[str, float]
    trial: Trial | None
    skipped: tuple[tuple[str, str], ...]


def hear(
    manifest: Path, human: Sequence[Path], generated: Sequence[Path], limits: Limits, report: Progress
) -> Hearing:
    """Score recordings of known origin, as they are and as matched copies, and judge the adapter by them.

    Files are decoded twice, so that no more than one is in memory: once to find the delivery that all of them
    can share, once to score them.

    Args:
        manifest: of the adapter.
        human: recordings made by people.
        generated: generated recordings; empty for a rank only.
        limits: of decoding.
        report: told the file's name and the share that is done.

    Raises:
        WeightsError: the manifest or the checkpoint cannot be used.
    """
    adapter, data = checkpoint(manifest)
    files = [*((f, False) for f in human), *((f, True) for f in generated)]
    skipped: list[tuple[str, str]] = []
    usable: list[tuple[Path, bool]] = []
    rates, lengths, seen = [], [], set()
    for place, (file, synthetic) in enumerate(files):
        report(file.name, 0.4 * place / max(1, len(files)))
        try:
            clip = decode(file, limits)
        except AudioError as error:
            skipped.append((str(file), str(error)))
            continue
        if clip.source.sha256 in seen:
            skipped.append((str(file), "the same file is there twice"))
            continue
        if clip.duration_s < SHORTEST_S:
            skipped.append((str(file), f"shorter than {SHORTEST_S} s"))
            continue
        seen.add(clip.source.sha256)
        usable.append((file, synthetic))
        rates.append(clip.sample_rate)
        lengths.append(clip.duration_s)
    rate, seconds = confounds.common_rate(rates or [confounds.RATES[0]]), min([confounds.MATCHED_S, *lengths])
    heard: list[Heard] = []
    with opened(adapter, data) as session:
        for place, (file, synthetic) in enumerate(usable):
            report(file.name, 0.4 + 0.6 * place / max(1, len(usable)))
            clip = decode(file, limits)
            try:
                score = session.score(clip)
                copy, alike = score, clip
                if generated:
                    alike = confounds.matched(clip, rate, seconds)
                    copy = session.score(alike)
            except (AudioError, EncodeError) as error:
                skipped.append((str(file), str(error)))
                continue
            heard.append(Heard(clip.source.sha256, synthetic, score, copy, confounds.confounds(alike)))
    scores = [{h.sha256: h.score for h in heard if h.synthetic == wanted} for wanted in (False, True)]
    answers = trial.judge(heard) if all(scores) else None
    return Hearing(scores[0], scores[1], answers, tuple(skipped))


def opinions(folder: Path, clip: Clip, progress: Progress | None = None) -> tuple[Opinion, ...]:
    """What every adapter in a folder says of a recording; one that is damaged or fails says so, and no more.

    `progress` is told before each.

    Raises:
        EmptyAudio: the recording is silent.
    """
    found = []
    for name in through(store.names(folder), lambda _name: 0.0, "ask the adapters", progress):
        try:
            guest = store.load(folder, name)
            with opened(guest.adapter, guest.data) as session:
                found.append(opinion(guest, session.score(clip)))
        except WeightsError as error:
            found.append(Opinion(name, "", None, None, 0, None, str(error)))
    return tuple(found)
