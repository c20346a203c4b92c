"""What the texture network says of delivered copies, and the copies as it hears them, kept under `runs/`."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import TrackmarkError
from core.resample import resample
from lab.datasets import Recording
from lab.sound.spectra import Samples
from lab.sound.tempo import HELD_OUT, TOOLS, repitched
from lab.texture_network.network import RATE, TextureNetwork
from lab.texture_network.pairs import FOLDER
from lab.texture_network.train import CROP
from lab.training.music.copies import delivered, path_of
from lab.training.music.folds import Matrix

AUDIO = Path("runs/music-network/audio")
OPINIONS = FOLDER / "opinions"
MOST_CROPS = 8
UNHEARD = ("atempo_0.90", "atempo_1.10", "atempo-pitch_0.89", "atempo-pitch_1.12")
"""Changes of tempo and pitch by a tool that never trained, of the native copies at `RATE`."""
TOOL_BY_TOOL = ("grains_1.10", "phase-vocoder_1.10", "wsola_1.10")
"""The same by each tool that did."""


@dataclass(frozen=True)
class Opinions:
    """What the network says of recordings.

    Attributes:
        rendered: median logit over crops, [N].
        scaled: the same of the second output, [N].
        pooled: mean of what both are read from, [N, D].
        found: recordings that could be heard; elsewhere the others are zero, [N].
    """

    rendered: Matrix
    scaled: Matrix
    pooled: Matrix
    found: NDArray[np.bool_]

    def where(self, mask: NDArray[np.bool_]) -> "Opinions":
        """The rows of a mask."""
        return Opinions(self.rendered[mask], self.scaled[mask], self.pooled[mask], self.found[mask])


def stacked(parts: Sequence[Opinions]) -> Opinions:
    """Several deliveries as one set."""
    return Opinions(
        np.concatenate([p.rendered for p in parts]),
        np.concatenate([p.scaled for p in parts]),
        np.concatenate([p.pooled for p in parts]),
        np.concatenate([p.found for p in parts]),
    )


def heard(recording: Recording, delivery: str, everything: Sequence[Recording]) -> NDArray[np.int16]:
    """One copy as the network hears it, mono at `RATE`, kept under `runs/` once computed."""
    if delivery in {*UNHEARD, *TOOL_BY_TOOL}:
        return by_tool(heard(recording, "native", everything), delivery)
    path = path_of(recording, delivery, AUDIO).with_suffix(".npy")
    if not path.exists():
        wav, rate = delivered(recording, delivery, everything)
        mono = resample(wav.mean(0, keepdim=True), rate, RATE)[0].numpy()
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, _integers(mono))
    return np.asarray(np.load(path), np.int16)


def by_tool(audio: NDArray[np.int16], name: str) -> NDArray[np.int16]:
    """Audio at `RATE` with tempo or pitch changed: tool, `-pitch` where that is meant, `_` and the factor."""
    named, _, factor = name.partition("_")
    tool, rng = {**TOOLS, **HELD_OUT}[named.removesuffix("-pitch")], np.random.default_rng(0)
    wav = np.asarray(audio / 32768, np.float32)
    if named.endswith("-pitch"):
        return _integers(repitched(wav, RATE, float(factor), rng, tool))
    return _integers(tool(wav, RATE, float(factor), rng))


def _integers(wav: Samples) -> NDArray[np.int16]:
    return np.asarray(np.round(wav * (32000 / max(float(np.abs(wav).max()), 1e-4))), np.int16)


@torch.no_grad()
def answers(network: TextureNetwork, audio: NDArray[np.int16]) -> tuple[Matrix, Matrix, Matrix]:
    """Both logits, [C], and pooled features, [C, D], of crops of 2 s, at most `MOST_CROPS`, evenly spread.

    Raises:
        ValueError: the audio is shorter than one crop.
    """
    whole = len(audio) // CROP
    chosen = np.unique(np.linspace(0, whole - 1, min(whole, MOST_CROPS)).round().astype(int))
    crops = np.stack([audio[n * CROP : (n + 1) * CROP] for n in chosen])
    answer = network(torch.from_numpy(crops).float() / 32768)
    rows = (answer.rendered, answer.scaled, answer.pooled)
    rendered, scaled, pooled = (np.asarray(t.numpy(), np.float64) for t in rows)
    return rendered, scaled, pooled


def listen(
    network: TextureNetwork, recordings: Sequence[Recording], delivery: str, everything: Sequence[Recording]
) -> Opinions:
    """What the network says of every recording of a delivery; with the ending `:5s` of the first 5 s."""
    name, _, part = delivery.partition(":")
    width = network.synthetic.in_features
    count = len(recordings)
    said = Opinions(np.zeros(count), np.zeros(count), np.zeros((count, width)), np.ones(count, bool))
    for k, recording in enumerate(recordings):
        try:
            audio = heard(recording, name, everything)
            rendered, scaled, pooled = answers(network, audio[: 5 * RATE] if part else audio)
            said.rendered[k], said.scaled[k] = np.median(rendered), np.median(scaled)
            said.pooled[k] = pooled.mean(0)
        except (TrackmarkError, ValueError):
            said.found[k] = False
    return said


def kept(
    network: TextureNetwork,
    snapshot: Path,
    recordings: Sequence[Recording],
    delivery: str,
    everything: Sequence[Recording],
) -> Opinions:
    """`listen`, once for a snapshot and a list of recordings."""
    key = hashlib.sha256(snapshot.read_bytes())
    for recording in recordings:
        key.update(f"{recording.path.parent.name}/{recording.path.name}\n".encode())
    path = OPINIONS / f"{delivery.replace(':', '-')}-{key.hexdigest()[:16]}.npz"
    if not path.exists():
        said = listen(network, recordings, delivery, everything)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, rendered=said.rendered, scaled=said.scaled, pooled=said.pooled, found=said.found)
    with np.load(path) as stored:
        return Opinions(stored["rendered"], stored["scaled"], stored["pooled"], stored["found"])
