"""Train small neural decoders on openly licensed human music: stand-ins for those that generators end with.

    python -m lab.training.decoders encodec-24k --minutes 25
    python -m lab.training.decoders dac-44k --minutes 7 --data DATA_FOLDER

Each is trained for minutes on one core with reconstruction losses only, no discriminator: it sounds duller
than the published one of its kind, but its strides, its representation and its final layers are the same.
What destroys a mark here may say little of the published codec; what lives through it lives through more.
A run that is stopped goes on where it was.
"""

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, prod
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from core.files import replacing
from core.resample import resample
from lab.training.decoders.clips import open_music
from lab.training.decoders.codecs import Autoencoder, Codec, seanet, snake_codec
from lab.training.decoders.distance import Distance
from lab.training.decoders.networks import InverseStft, LogMel, Upsampler

FOLDER = Path("runs/decoders")
HOSTS_RATE = 24_000
UNQUANTISED = 0.2
"""Share of a codec's run before vectors are quantised: codebooks start from frames that mean something."""
SAVE_EVERY_S = 60.0
FIRST_FRAMES_OF = 48
"""Excerpts that the codebooks start from: k-means wants more frames than there are codes."""
Clips = Sequence[Tensor]


@dataclass(frozen=True)
class Plan:
    """One decoder.

    Attributes:
        rate: of its audio, in Hz.
        kind: `codec` (SEANet with residual vector quantisation), `snake-codec` (the same between Snake
            networks, as in DAC), `autoencoder` (Snake networks around drawn frames, as in oobleck),
            `transposed` (mel spectrogram, transposed convolutions), `snake` (the same with Snake activations)
            or `istft` (mel, inverse STFT).
        strides: first to last layer; for `istft` one hop.
        width: channels of the widest (`codec`: the narrowest) layer.
        mels: bands of the mel spectrogram; 0 where frames are learned.
    """

    rate: int
    kind: Literal["codec", "snake-codec", "autoencoder", "transposed", "snake", "istft"]
    strides: tuple[int, ...]
    width: int
    mels: int = 0


PLANS = {
    "encodec-24k": Plan(24_000, "codec", (8, 5, 4, 2), 16),
    "hifigan-16k": Plan(16_000, "transposed", (5, 4, 2, 2, 2), 128, 64),
    "istft-24k": Plan(24_000, "istft", (256,), 160, 100),
    "bigvgan-24k": Plan(24_000, "snake", (4, 4, 2, 2, 2, 2), 128, 100),
    "dac-44k": Plan(44_100, "snake-codec", (8, 8, 4, 2), 128),
    "oobleck-44k": Plan(44_100, "autoencoder", (8, 8, 4, 4, 2), 192),
}


class Decoder(nn.Module):
    """A decoder with its analysis: audio in, the same audio rendered by it out."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.codec: Codec | None = None
        self.autoencoder: Autoencoder | None = None
        hop = prod(plan.strides)
        if plan.kind == "codec":
            self.codec = seanet(plan.rate, plan.strides, plan.width)
        elif plan.kind == "snake-codec":
            self.codec = snake_codec(plan.rate, plan.strides, plan.width)
        elif plan.kind == "autoencoder":
            self.autoencoder = Autoencoder(plan.strides, plan.width)
        else:
            self.mel = LogMel(plan.rate, hop, plan.mels)
            self.render: nn.Module = (
                InverseStft(plan.mels, hop, plan.width)
                if plan.kind == "istft"
                else Upsampler(plan.mels, plan.strides, plan.width, snake=plan.kind == "snake")
            )

    @property
    def hears_phases(self) -> bool:
        """Whether its frames come from samples, not from a mel spectrogram."""
        return self.plan.mels == 0

    def forward(self, wav: Tensor) -> tuple[Tensor, Tensor]:
        """Audio at the plan's rate, [B, T], to what the decoder makes of it, [B, T], and a penalty."""
        learned = self.codec or self.autoencoder
        if learned is not None:
            rendered, penalty = learned(wav)
            return rendered, penalty
        return self.render(self.mel(wav))[:, : wav.shape[-1]], torch.zeros(())

    @torch.no_grad()
    def apply_to(self, wav: Tensor, sample_rate: int) -> Tensor:
        """Send audio through the decoder, each channel by itself.

        Args:
            wav: audio, [C, T].
            sample_rate: in Hz; the audio passes through the decoder's own rate and comes back.

        Returns:
            Audio, [C, T], without what the decoder's rate cannot hold.
        """
        own = resample(wav, sample_rate, self.plan.rate)
        padded = nn.functional.pad(own, (0, -own.shape[-1] % prod(self.plan.strides)))
        rendered = self(padded)[0][:, : own.shape[-1]]
        rendered = nn.functional.pad(rendered, (0, own.shape[-1] - rendered.shape[-1]))
        back = resample(rendered, self.plan.rate, sample_rate)[:, : wav.shape[-1]]
        return nn.functional.pad(back, (0, wav.shape[-1] - back.shape[-1]))


def path_of(name: str, folder: Path = FOLDER) -> Path:
    """Where a decoder's snapshot is kept."""
    return folder / f"{name}.pt"


def load(name: str, folder: Path = FOLDER) -> Decoder:
    """A trained decoder.

    Raises:
        KeyError: no such plan.
        FileNotFoundError: it was not trained yet; run this module with its name first.
    """
    decoder = Decoder(PLANS[name])
    decoder.load_state_dict(torch.load(path_of(name, folder), weights_only=True)["weights"])
    return decoder.eval()


def train(
    plan: Plan, clips: Clips, path: Path, *, seconds: float, batch: int = 6, excerpt_s: float = 0.5
) -> float:
    """Train until a run has used up its time, resuming from `path` where that exists.

    Args:
        plan: what to train.
        clips: music at the plan's rate, each [T], longer than an excerpt.
        path: of the snapshot.
        seconds: time of the whole run, earlier parts included.
        batch: excerpts per step.
        excerpt_s: their length.

    Returns:
        Running mean of the loss at the end.
    """
    torch.manual_seed(0)
    rng, hop = random.Random(time.time_ns()), prod(plan.strides)
    length = round(excerpt_s * plan.rate) // hop * hop
    decoder = Decoder(plan)
    distance = Distance(plan.rate, phases=decoder.hears_phases)
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=1e-3, betas=(0.8, 0.98), weight_decay=1e-3)
    state: dict[str, Any] = {"step": 0, "elapsed_s": 0.0, "loss": float("nan")}
    if path.exists():
        stored = torch.load(path, weights_only=True)
        decoder.load_state_dict(stored["weights"])
        optimiser.load_state_dict(stored["optimiser"])
        state = {key: stored[key] for key in state}
    before, started, saved = state["elapsed_s"], time.time(), time.time()
    while (elapsed := before + time.time() - started) < seconds:
        done = elapsed / seconds
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * min(1.0, (state["step"] + 1) / 50) * (0.02 + 0.49 * (1 + cos(pi * done)))
        if decoder.codec is not None:
            decoder.codec.quantise = done > UNQUANTISED
            if decoder.codec.quantise and not decoder.codec.started:
                frames = [_excerpt(rng.choice(clips), length, rng) for _ in range(FIRST_FRAMES_OF)]
                decoder.codec.start(torch.stack(frames))
        wav = torch.stack([_excerpt(rng.choice(clips), length, rng) for _ in range(batch)])
        rendered, penalty = decoder(wav)
        fitted = rendered[:, :length]
        loss = distance(fitted, wav[:, : fitted.shape[-1]]) + penalty
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        value = loss.item()
        state["loss"] = value if state["step"] == 0 else 0.98 * state["loss"] + 0.02 * value
        state["step"] += 1
        if state["step"] % 50 == 0:
            print(f"step {state['step']}, {elapsed:.0f} s, loss {state['loss']:.3f}", flush=True)
        if time.time() - saved > SAVE_EVERY_S:
            saved = time.time()
            _save(decoder, optimiser, {**state, "elapsed_s": before + saved - started}, path)
    _save(decoder, optimiser, {**state, "elapsed_s": before + time.time() - started}, path)
    return float(state["loss"])


def _excerpt(clip: Tensor, length: int, rng: random.Random) -> Tensor:
    start = rng.randrange(clip.shape[-1] - length + 1)
    wav = clip[start : start + length].float()
    return wav * rng.uniform(0.3, 1.0) / wav.abs().max().clamp_min(1e-2)


def _save(decoder: Decoder, optimiser: torch.optim.Optimizer, state: dict[str, Any], path: Path) -> None:
    """Write a snapshot, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        torch.save({"weights": decoder.state_dict(), "optimiser": optimiser.state_dict(), **state}, part)


def clips_at(rate: int, hosts: Path) -> list[Tensor]:
    """Human music of a hosts file (`lab.training.watermark.hosts`) at a rate, each [T], half precision."""
    rows = torch.load(hosts, weights_only=True)
    return [
        resample(wav.float(), HOSTS_RATE, rate).half()
        for kind, wav in rows
        if kind != "voices" and wav.shape[-1] > 2 * HOSTS_RATE
    ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=sorted(PLANS))
    parser.add_argument("--hosts", type=Path, required=True, help="written by lab.training.watermark.hosts")
    parser.add_argument("--data", type=Path, help="for rates that the hosts do not have")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--excerpt-s", type=float, default=0.5)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    args = parser.parse_args()
    torch.set_num_threads(1)
    plan = PLANS[args.name]
    path = path_of(args.name, args.folder)
    clips = clips_at(plan.rate, args.hosts) if plan.rate <= HOSTS_RATE else open_music(args.data, plan.rate)
    loss = train(plan, clips, path, seconds=60 * args.minutes, batch=args.batch, excerpt_s=args.excerpt_s)
    print(f"{path}: loss {loss:.3f}")


if __name__ == "__main__":
    main()
