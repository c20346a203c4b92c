"""Measure the texture network, alone and beside the comb, against rules set beforehand; write its page.

The network learned from human music and lab renderings alone, so every generated recording is one of a
generator that it never saw. Human recordings that it learned from are left out of every figure, for the comb
as well; the others come from collections that it never saw. The head on its features is a regression that
generated recordings do train; none of them scores a relative of its own.

Run with: python -m lab.texture_network.evaluate DATA_FOLDER (after lab.training.music_network)
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from core.resample import resample
from lab import metrics
from lab.datasets import Recording
from lab.evaluation.music.__main__ import Scored, score_all
from lab.texture_network import page
from lab.texture_network.heard import TOOL_BY_TOOL, UNHEARD, Opinions, answers, heard, kept
from lab.texture_network.network import RATE, TextureNetwork
from lab.texture_network.pairs import FOLDER
from lab.texture_network.train import HELD_OUT, SNAPSHOT, load, read, validate
from lab.texture_network.ways import all_ways, no_trace, scaled_limits
from lab.training.decoders.clips import trains
from lab.training.music.__main__ import FEW, load_features, suspect
from lab.training.music.copies import few_of_each, music, path_of

DELIVERIES = (
    *("native", "chain-1", "matched", "speed_0.95", "pitch_0.89", "pitch_1.12"),
    *("tempo_0.90", "tempo_1.10", "hybrid_0", "native:5s"),
)
TRACK_S = 180.0
PAGE = Path("docs/benchmarks/ai-music-network.md")


def score(
    network: TextureNetwork, snapshot: Path, everything: Sequence[Recording]
) -> tuple[list[Scored], list[Opinions]]:
    """Every delivery as the comb and as the network judges it, on recordings that the network did not see."""
    few = few_of_each(everything, FEW)
    parts = [(d, load_features(everything if d == "native" else few, d)) for d in DELIVERIES]
    scores, said = [], []
    for scored in score_all(parts):
        unseen = scored.where(np.array([not trains(r) for r in scored.recordings]))
        opinions = kept(network, snapshot, unseen.recordings, scored.delivery, everything)
        scores.append(unseen.where(opinions.found))
        said.append(opinions.where(opinions.found))
    return scores, said


def scaled_rows(
    network: TextureNetwork,
    snapshot: Path,
    scores: Sequence[Scored],
    said: Sequence[Opinions],
    everything: Sequence[Recording],
) -> list[page.ScaledRow]:
    """What the second output says of every delivery, and of a tool that never trained."""
    limits = scaled_limits(scores, said)
    by_name = dict(zip((s.delivery for s in scores), zip(scores, said, strict=True), strict=True))
    native, plain = by_name["native"]
    rows = []
    for name in (*(s.delivery for s in scores), *TOOL_BY_TOOL, *UNHEARD):
        if name in by_name:
            scored, opinions = by_name[name]
        else:
            scored = native.only(by_name["tempo_0.90"][0].recordings)
            opinions = kept(network, snapshot, scored.recordings, name, everything)
        above = opinions.scaled > np.array([limits[r.path] for r in scored.recordings])
        human = np.array([r.label == "human" and not suspect(r) for r in scored.recordings])
        generated = np.array([r.label == "ai" for r in scored.recordings])
        both = human | generated
        silent = no_trace(scored, above) if name in by_name else None
        separation = metrics.auc(opinions.scaled[both], plain.scaled)
        shares = (float(above[generated].mean()), float(above[human].mean()))
        rows.append(page.ScaledRow(name, int(generated.sum()), int(human.sum()), *shares, separation, silent))
    return rows


def cost_s(network: TextureNetwork, seconds: float) -> float:
    """Processor time of one track, resampling included, best of three."""
    wav, best = 0.1 * torch.randn(1, round(44_100 * seconds)), float("inf")
    for _ in range(3):
        started = time.process_time()
        mono = resample(wav, 44_100, RATE)[0]
        answers(network, (32000 * mono.clamp(-1, 1)).short().numpy())
        best = min(best, time.process_time() - started)
    return best


def prepare(everything: Sequence[Recording]) -> None:
    """Compute the copies that the network will hear."""
    few = few_of_each(everything, FEW)
    for delivery in DELIVERIES[:-1]:
        for recording in everything if delivery == "native" else few:
            if path_of(recording, delivery).exists() and not trains(recording) and not suspect(recording):
                heard(recording, delivery, everything)
        print(delivery, flush=True)


def main() -> None:
    """Score, and write the page; with `--audio-only` just the copies that the network will hear."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--snapshot", type=Path, default=SNAPSHOT)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--looked", type=int, default=2, help="networks that had scored test recordings")
    parser.add_argument("--audio-only", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    everything = music(args.data)
    if args.audio_only:
        prepare(everything)
        return
    network = load(args.snapshot)
    scores, said = score(network, args.snapshot, everything)
    facts = page.Facts(
        parameters=sum(p.numel() for p in network.parameters()),
        lab=validate(network, read(sorted(FOLDER.glob("pairs-*.npz"))[-HELD_OUT:])),
        track_s=TRACK_S,
        cost_s=cost_s(network, TRACK_S),
        looked=args.looked,
    )
    deliveries = dict(zip((s.delivery for s in scores), all_ways(scores, said), strict=True))
    scaled = scaled_rows(network, args.snapshot, scores, said, everything)
    args.page.write_text(page.page(deliveries, scaled, facts), encoding="utf-8")
    print(args.page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
