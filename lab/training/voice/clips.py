"""The voices that the countermeasure and the verifier are trained and measured on.

`manifest.csv` (see `lab/datasets.py`) is corrected here where its labels are plainly wrong, every
speaker gets one name across demo pages, and each clip becomes 16 kHz mono. Nothing is copied: the
cache is a git-ignored file of resampled samples.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.decode import decode
from core.files import replacing
from detector.voice.frontend import mono

CACHE = Path("runs/voice/audio16.npz")
_LONGEST_S = 12
Samples = npt.NDArray[np.float32]

SYNTHETIC_LABELS = frozenset({"clone", "vocoder-recon", "codec-recon"})

# Listed as voices but not one (checked by page layout and name): instruments, a film mix, a
# synthesiser's separate noise and harmonic parts, and CoMoSpeech's "gt2" that is not documented.
_NOT_A_VOICE = re.compile(
    r"samples/gt/(bass|drum1|music|spooky|media1)\.wav|part/f1_.*-noise|sample/(noise|harm)\.wav|_wav_gt2\.wav"
)
# AGAIN-VC's `melgan` folder and FreeVC's `sr` folder hold vocoded copies, not recordings.
_RECONSTRUCTION = re.compile(r"data/melgan/|data/sr/wavs/")


@dataclass(frozen=True)
class Voice:
    """One voice clip of the collection.

    Attributes:
        file: path inside the collection, the key of the cache.
        source: demo page or corpus; the unit that is left out.
        system: what made it, `human` for recordings.
        speaker: whose voice it is (for a clone: the imitated one), or `""` where unknown.
        synthetic: made by a vocoder, codec, synthesiser or conversion.
        clone: synthetic and imitating a named speaker.
        singing: sung rather than spoken.
        open: the licence lets us train shipped weights on it.
        pair: the manifest's pair id.
    """

    file: str
    source: str
    system: str
    speaker: str
    synthetic: bool
    clone: bool
    singing: bool
    open: bool
    pair: str


_SINGING = frozenset(
    {
        "comosvc-demo", "ddsp-sing-vocoders", "gtsinger-demo", "mir1k", "musdb-vocals-anyaccomp",
        "neucosvc-demo", "neuralsvb-demo", "opencpop-demo", "visinger-demos", "whispervits-singers",
    }
)  # fmt: skip
_LIBRI_PAGES = frozenset(
    {"freevc-demo", "fastspeech2-demo", "styletts2-demo", "librispeech-resemblyzer", "yourtts-demo"}
)
_ONE_SINGER_PAGES = {
    "opencpop-demo": "opencpop",
    "diffsinger-kl": "ljspeech",
    "ljspeech-coqui-tests": "ljspeech",
    "ddsp-sing-vocoders": "mpop600-f1",
}


def speaker_of(row: dict[str, str]) -> str:
    """Name the speaker of one manifest row, the same on every page, or `""` when unknown."""
    source, identity, pair = row["source"], row["generator_or_identity"], row["pair_id"]
    human = row["label"] in ("human", "real-reference")
    if source in _ONE_SINGER_PAGES:
        return _ONE_SINGER_PAGES[source]
    if source == "visinger-demos":
        return "opencpop" if "VISinger2" in row["path"] else "visinger-singer"
    if "LJSpeech" in row["path"] or "LJSpeech" in identity or identity.startswith("LJ0"):
        return "ljspeech"
    if source == "vits-demo" or not (identity if human else pair):
        return ""
    if source == "comosvc-demo":
        return ""
    text = (identity if human else pair).replace("vctk_", "").replace("_ours", "")
    if vctk := re.search(r"(?:^|[-_])(p\d{3})(?:[-_.]|$)", text):
        return vctk.group(1)
    libri = re.search(r"(?:^|ls-|ytts-|_|-)(\d{2,5})(?:[-_]\d+)*$", text)
    if libri and source in _LIBRI_PAGES:
        return f"libri-{libri.group(1)}"
    if source == "freevc-demo":
        return f"libri-{text.split('_')[1]}" if "_" in text else ""
    if source == "neucosvc-demo":
        return f"neuco-{text.removeprefix('neuco-')}" if row["label"] != "source" else ""
    if human and row["label"] == "human":
        return identity
    return ""


def voices(manifest: Path) -> list[Voice]:
    """Read the collection's voices with corrected labels.

    Args:
        manifest: path of `manifest.csv`.
    """
    found = []
    with manifest.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["kind"] != "voices" or _NOT_A_VOICE.search(row["path"]):
                continue
            remade = bool(_RECONSTRUCTION.search(row["path"]))
            synthetic = row["label"] in SYNTHETIC_LABELS or remade
            speaker = "" if remade and "sr/wavs" in row["path"] else speaker_of(row)
            found.append(
                Voice(
                    file=row["file"],
                    source=row["source"],
                    system=("MelGAN" if "melgan" in row["path"] else row["generator_or_identity"])
                    if synthetic
                    else "human",
                    speaker=speaker,
                    synthetic=synthetic,
                    clone=synthetic and bool(speaker),
                    singing=row["source"] in _SINGING and "LJSpeech" not in row["path"],
                    open=row["use"] == "open",
                    pair=row["pair_id"],
                )
            )
    return found


def samples(root: Path, cache: Path = CACHE) -> dict[str, Samples]:
    """Decode all voices and human music to 16 kHz mono, once.

    Args:
        root: the collection's folder.
        cache: git-ignored file to keep the samples in.

    Returns:
        Samples of at most 12 s by the manifest's file name.
    """
    if not cache.exists():
        found: dict[str, Samples] = {}
        with (root / "manifest.csv").open(newline="") as lines:
            for row in csv.DictReader(lines):
                if row["kind"] in ("voices", "human_music"):
                    clip = decode(root / row["file"])
                    wav = clip.wav[:, : _LONGEST_S * clip.sample_rate]
                    found[row["file"]] = mono(wav, clip.sample_rate).numpy()
        cache.parent.mkdir(parents=True, exist_ok=True)
        with replacing(cache) as part, part.open("wb") as file:
            np.savez(file, **found)  # type: ignore[arg-type]  # numpy's stub takes the keywords for flags
    with np.load(cache) as stored:
        return {name: stored[name] for name in stored.files}


def music(manifest: Path) -> list[dict[str, str]]:
    """The manifest's rows of human music."""
    with manifest.open(newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["kind"] == "human_music"]
