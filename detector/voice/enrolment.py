"""Whether recordings are good enough to enrol an artist from; every refusal names the file and its reason.

Finished songs will do: only stretches with vocals are embedded. Every file must pass, since a print of the
wrong voice accuses the wrong person for as long as it is kept.
"""

import torch
from torch import Tensor
from torch.nn import functional

from core.clip import Clip
from detector.voice.errors import EnrolmentError
from detector.voice.frontend import SAMPLE_RATE
from detector.voice.identity import centre

LEAST_ENROLMENT_S = 10.0
LEAST_FILE_S = 3.0
FILES_ALIKE, HALVES_ALIKE, GROUPS_ALIKE = 0.38, 0.31, 0.25
"""Cosines, after what all voices have in common is taken off, below which two people are heard: in two
files, in the two parts of a recording that differ most, in two groups of its stretches. The last two lie
where 2 % of one half of the listed people are refused, the first where 1 % are;
`lab.evaluation.voice.two_voices` measures them on the other half."""
PRINTS_ALIKE = 0.7
"""The same cosine of two voice prints from which they may be one person's: of 26 people of the held-out
pages 1 % of pairs of two reach it, 3 % where both sing, and 9 of 10 people with two prints of two clips."""
SAME_RECORDING = 0.995
"""Cosine of two files' centres from which they are one recording: MP3 and AAC leave 0.9995 of it; the highest
of two recordings of one person on the held-out pages is 0.992."""
_MOST_TO_ONE = 5
_LEAST_STRETCHES = 3
_ROUNDS = 15
_AT_ONCE = 100
_FLAT_RUN = 3
_CLIPPED = 0.01
_BAND_HZ, _ABOVE_HZ = (300.0, 3000.0), (4300.0, 5500.0)
_TELEPHONE_DB = -55.0
_NOISE_FLATNESS = 0.3
_SIZE = 1024


def usable(clip: Clip, wav: Tensor) -> None:
    """Refuse a recording whose sound is no use, whatever is heard in it.

    Args:
        clip: as decoded.
        wav: the same from `frontend.mono`, [T] at 16 kHz.

    Raises:
        EnrolmentError: silent or clipped.
    """
    if not wav.any():
        raise EnrolmentError(f"{_name(clip)}: the recording is silent", "silent")
    share = _flat_share(clip.wav)
    if share > _CLIPPED:
        raise EnrolmentError(
            f"{_name(clip)}: {share:.0%} of the samples are clipped: give a recording with headroom",
            "clipped",
        )


def telephone(wav: Tensor) -> bool:
    """Whether hardly anything is heard above 4 kHz, as with a voice on a telephone; [T] at 16 kHz."""
    return _above_the_telephone_db(wav) < _TELEPHONE_DB


def full_band(clip: Clip, wav: Tensor) -> None:
    """Refuse a voice in a telephone's band; an instrumental may have no more, and is refused as one.

    Args:
        clip: as decoded, with vocals.
        wav: the same from `frontend.mono`, [T] at 16 kHz.

    Raises:
        EnrolmentError: nothing above 4 kHz.
    """
    if telephone(wav):
        raise EnrolmentError(
            f"{_name(clip)}: nothing is heard above 4 kHz, as on a telephone: give a full-band recording",
            "telephone-band",
        )


def no_vocals(clip: Clip, wav: Tensor) -> EnrolmentError:
    """Why nobody is heard in a recording."""
    if clip.duration_s < LEAST_FILE_S:
        return EnrolmentError(
            f"{_name(clip)}: {clip.duration_s:.1f} s long, need at least {LEAST_FILE_S:.0f} s of voice in it",
            "too-short",
        )
    if _flatness(wav) > _NOISE_FLATNESS:
        return EnrolmentError(f"{_name(clip)}: only noise is heard", "noise")
    return EnrolmentError(
        f"{_name(clip)}: no singing or speech found, so it seems to be an instrumental", "instrumental"
    )


def enough(clip: Clip, voice_s: float) -> None:
    """Refuse a recording with hardly any voice.

    Raises:
        EnrolmentError: less than 3 s of it.
    """
    if voice_s < LEAST_FILE_S:
        raise EnrolmentError(
            f"{_name(clip)}: {voice_s:.1f} s of voice, need at least {LEAST_FILE_S:.0f} s in each file",
            "too-short",
        )


def sounds_synthetic(clip: Clip) -> EnrolmentError:
    """Why a recording is refused whose voice the synthetic-voice score takes for a machine's."""
    return EnrolmentError(
        f"{_name(clip)}: the voice sounds synthetic, and a copy must not stand for the artist: "
        "give an original recording",
        "synthetic",
    )


def enough_in_all(voice_s: float) -> None:
    """Refuse too little voice.

    Raises:
        EnrolmentError: less than 10 s in all files together.
    """
    if voice_s < LEAST_ENROLMENT_S:
        raise EnrolmentError(
            f"found {voice_s:.1f} s of voice, need at least {LEAST_ENROLMENT_S:.0f} s: "
            "give more recordings in which the artist is heard clearly",
            "too-short",
        )


def different(clips: list[Clip], embeddings: list[Tensor]) -> None:
    """Refuse a recording that is given twice, whatever it was re-encoded to: it confirms and adds nothing.

    Args:
        clips: the recordings.
        embeddings: unit vectors of each, [n, D].

    Raises:
        EnrolmentError: two that sound the same.
    """
    centres = torch.stack([centre(rows) for rows in embeddings])
    alike = (centres @ centres.T).triu(1)
    if bool((alike >= SAME_RECORDING).any()):
        first, again = divmod(int(alike.argmax()), len(clips))
        raise EnrolmentError(
            f"{_name(clips[again])}: sounds like the same recording as {_name(clips[first])}: "
            "give another one",
            "same-recording",
        )


def one_person(clips: list[Clip], embeddings: list[Tensor], common: Tensor) -> None:
    """Refuse recordings that are not all of one person.

    Args:
        clips: the recordings.
        embeddings: unit vectors of each, [n, D].
        common: mean of other people's unit vectors, [D].

    Raises:
        EnrolmentError: a file unlike all others, or two voices.
    """
    centres = functional.normalize(torch.stack([centre(rows) for rows in embeddings]) - common, dim=1)
    if len(clips) > 2:
        apart = [number for number in range(len(clips)) if _to_the_rest(centres, number) < FILES_ALIKE]
        others = [number for number in range(len(clips)) if number not in apart]
        if len(apart) == 1 and _to_the_rest(centres[others], 0) >= FILES_ALIKE:
            raise EnrolmentError(
                f"{_name(clips[apart[0]])}: another voice than in the other files: leave it out",
                "outlier-file",
            )
        two = bool(apart)
    else:
        two = len(clips) == 2 and float(centres[0] @ centres[1]) < FILES_ALIKE
    if two or two_voices(torch.cat(embeddings), common):
        raise EnrolmentError(
            "two voices are heard: give recordings in which the artist alone sings or speaks", "two-voices"
        )


def alike(prints: Tensor, common: Tensor) -> Tensor:
    """Which voice prints are as like as one person's mostly are, which two people's hardly ever are.

    Args:
        prints: their centres, unit vectors [N, D].
        common: mean of other people's, [D].

    Returns:
        [N, N] bool; none is like itself.
    """
    own = functional.normalize(prints - common, dim=1)
    return (own @ own.T >= PRINTS_ALIKE) & ~torch.eye(len(own), dtype=torch.bool)


def nearest_alike(one: Tensor, prints: Tensor, common: Tensor) -> list[int]:
    """Places of the voice prints that are as like one as one person's mostly are, the nearest first.

    Args:
        one: centre of the print that they are held against, a unit vector [D].
        prints: their centres, unit vectors [N, D].
        common: mean of other people's, [D].
    """
    cosines = functional.normalize(prints - common, dim=1) @ functional.normalize(one - common, dim=0)
    order = cosines.argsort(descending=True, stable=True)
    return order[cosines[order] >= PRINTS_ALIKE].tolist()


def two_voices(rows: Tensor, common: Tensor) -> bool:
    """Whether unit vectors, in order of time, are of two people; see `parted`."""
    return parted(rows, common) is not None


def parted(rows: Tensor, common: Tensor) -> Tensor | None:
    """Which stretches are another person's than the rest, the less heard one's a fifth or more.

    Stretches of all voices point much the same way, so their common part is taken off first.

    Args:
        rows: unit vectors of a recording or several, in order of time, [n, D].
        common: mean of other people's, [D].

    Returns:
        [n] bool; None where one person is heard, or too little to tell.
    """
    if len(rows) < 2 * _LEAST_STRETCHES:
        return None
    own = functional.normalize(rows - common, dim=1)
    for (alike, second), least in ((_halves(own), HALVES_ALIKE), (_groups(own), GROUPS_ALIKE)):
        if alike < least:
            return second
    return None


def _halves(rows: Tensor) -> tuple[float, Tensor]:
    """Cosine of the means before and after the moment that parts them most, and what lies after it."""
    least = max(_LEAST_STRETCHES, len(rows) // _MOST_TO_ONE)
    before = rows.cumsum(0)
    at = slice(least - 1, len(rows) - least)
    alike = functional.cosine_similarity(before[at], before[-1] - before[at])
    return float(alike.amin()), torch.arange(len(rows)) >= least + int(alike.argmin())


def _groups(rows: Tensor) -> tuple[float, Tensor]:
    """Cosine of two groups' centres by spherical 2-means from the two rows least alike, and the second group.

    1 where there are no two groups, or the smaller is too small.
    """
    # some at a time: hours of voice have tens of thousands
    least = [(part @ rows.T).amin(1) for part in torch.split(rows, _AT_ONCE)]
    first = int(torch.cat(least).argmin())
    centres = rows[[first, int((rows @ rows[first]).argmin())]]
    for _ in range(_ROUNDS):
        member = (rows @ centres.T).argmax(1)
        if member.min() == member.max():
            return 1.0, member.bool()
        centres = torch.stack([centre(rows[member == group]) for group in (0, 1)])
    smaller = min(int((member == group).sum()) for group in (0, 1))
    found = float(centres[0] @ centres[1]) if smaller * _MOST_TO_ONE >= len(rows) else 1.0
    return found, member.bool()


def _to_the_rest(centres: Tensor, number: int) -> float:
    rest = torch.cat([centres[:number], centres[number + 1 :]])
    return float(functional.normalize(rest.mean(0), dim=0) @ centres[number])


def _flat_share(wav: Tensor) -> float:
    """Share of samples in runs of three and more at their channel's highest or lowest value, [C, T]."""
    high, low = wav.amax(1, keepdim=True), wav.amin(1, keepdim=True)
    near = 0.0005 * (high - low)
    flat = ((wav >= high - near) | (wav <= low + near)) & (high > low)
    if wav.shape[1] < _FLAT_RUN:
        return 0.0
    return float(flat.unfold(1, _FLAT_RUN, 1).all(2).float().mean())


def _spectrum(wav: Tensor) -> Tensor:
    """Mean power of a recording, [_SIZE // 2 + 1]."""
    padded = functional.pad(wav, (0, max(0, _SIZE - wav.numel())))
    window = torch.hann_window(_SIZE)
    return torch.stft(padded, _SIZE, window=window, return_complex=True).abs().square().mean(1)


def _band(power: Tensor, low: float, high: float) -> Tensor:
    hertz = torch.linspace(0, SAMPLE_RATE / 2, power.numel())
    return power[(hertz >= low) & (hertz <= high)]


def _above_the_telephone_db(wav: Tensor) -> float:
    """Mean level from 4.3 to 5.5 kHz against the strongest of 0.3 to 3 kHz."""
    power = _spectrum(wav)
    inside, above = _band(power, *_BAND_HZ).amax(), _band(power, *_ABOVE_HZ).mean()
    return float(10 * torch.log10((above + 1e-20) / (inside + 1e-20)))


def _flatness(wav: Tensor) -> float:
    """Geometric against arithmetic mean of the power, 100 Hz to 7 kHz: near 1 for noise, 0 for a tone."""
    power = _band(_spectrum(wav), 100.0, 7000.0) + 1e-20
    return float(torch.exp(torch.log(power).mean()) / power.mean())


def _name(clip: Clip) -> str:
    return clip.source.name
