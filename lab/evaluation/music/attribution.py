"""Does the table of architectures name the decoder that a generator is known to end with?

Attribution needs no training and saw no label; the table's strides come from published configurations.
Decoders with the same strides leave the same clock, so the right answer is often a list.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from core.decode import decode
from detector.decoders import ARCHITECTURES
from detector.music import spectra
from detector.music.attribution import posterior
from detector.music.evidence import CLEAR_Z, LISTED_SHARE
from detector.music.features import measure
from lab.datasets import Recording

MOST = 6
"""Recordings per generator that are looked at."""
HIFIGAN = "HiFi-GAN 16 kHz, hop 160 (AudioLDM, Tango, MusicLDM)"
ENCODEC = "EnCodec 32 kHz (MusicGen, AudioGen)"
KNOWN = {
    "MusicGen": ENCODEC,
    "MusicGen (inpainting baseline)": ENCODEC,
    "AIRGen (MusicGen-based)": ENCODEC,
    "StemGen": ENCODEC,
    "ACE-Step": "ADaMoS-HiFiGAN (ACE-Step)",
    "Tango": HIFIGAN,
    "Tango-MusicBench": HIFIGAN,
    "Mustango": HIFIGAN,
    "AudioLDM2": HIFIGAN,
    "MT-MusicLDM": HIFIGAN,
    "Stable Audio Open": "Oobleck, hop 2048 (Stable Audio Open)",
    "Stable Audio 1": "Oobleck, hop 1024 (Stable Audio 1)",
    "VampNet (inpainting baseline)": "LAC 44.1 kHz (VampNet)",
    "Suno": "Suno (measured)",
}
"""Decoder of each generator by its publication; Suno's row of the table was measured on Suno's own output."""


def section(recordings: Sequence[Recording]) -> str:
    """How often the known decoder is named, per generator, as Markdown."""
    names = [a.name for a in ARCHITECTURES]
    seen: Counter[str] = Counter()
    shares: dict[str, list[tuple[float, int, bool]]] = {}
    for recording in recordings:
        truth = KNOWN.get(recording.generator) if recording.label == "ai" else None
        if truth is None or seen[recording.generator] >= MOST:
            continue
        seen[recording.generator] += 1
        clip = decode(recording.path)
        whole, _ = spectra.survey(clip.wav, clip.sample_rate)
        if not whole.loud:
            continue
        scores = measure(whole).scores
        if scores.max() < CLEAR_Z:
            continue
        weights = posterior(scores)
        share = float(weights[names.index(truth)])
        listed = int((weights >= LISTED_SHARE).sum())
        shares.setdefault(recording.generator, []).append((share, listed, share == weights.max()))
    rows = [_row(name, KNOWN[name], seen[name], shares.get(name, [])) for name in KNOWN if seen[name]]
    everything = [one for some in shares.values() for one in some]
    rows.append(_row("**all**", "", seen.total(), everything))
    head = (
        "| generator | its decoder | recordings | with a clear comb | named % | named first % | mean share "
        "| decoders named |"
    )
    return (
        "\n## Attribution, native\n\nWhat the exhibit names where a known comb is clear: architectures of "
        f"the table with a share of at least {LISTED_SHARE:.0%}. At most {MOST} recordings per generator. "
        "The regression replaced a sum of scores after a look at these recordings (decision 0207).\n\n"
        + "\n".join([head, "|" + "---|" * 8, *rows])
        + "\n"
    )


def _row(name: str, decoder: str, count: int, found: Sequence[tuple[float, int, bool]]) -> str:
    if not found:
        return f"| {name} | {decoder} | {count} | 0 | - | - | - | - |"
    share, listed, first = (np.array(column, np.float64) for column in zip(*found, strict=True))
    return (
        f"| {name} | {decoder} | {count} | {len(found)} | {100 * (share >= LISTED_SHARE).mean():.0f} "
        f"| {100 * first.mean():.0f} | {share.mean():.2f} | {listed.mean():.1f} |"
    )
