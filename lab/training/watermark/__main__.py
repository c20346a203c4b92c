"""Train the watermark's embedder and decoder.

    python -m lab.training.watermark --data ../shared/data --out runs/watermark --steps 3000

Dense supervision: every cell of the grid is a labelled example, so a useful channel comes in hundreds of
steps. The level falls from loud to the shipped one over the first part of the run, under the
masking ceiling. Resumes from the snapshot in `--out` by itself; curves go to
`curves.csv` and `curves.png` there. The networks run on `--device`, with `--bf16` in bfloat16 (for CUDA and
processors with AVX-512); the channel, with its codecs, runs on the processor.
"""

import argparse
import csv
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lab.plots import curves_picture
from lab.training.watermark import channel
from lab.training.watermark.hosts import Hosts
from provenance.watermark.grid import (
    CELL_BANDS,
    CELL_FRAMES,
    FIRST_BAND,
    HOP,
    STRIDE,
    istft,
    log_rows,
    stft,
)
from provenance.watermark.level import CEILING_DB, relative_gain
from provenance.watermark.masking import noise_to_mask_db
from provenance.watermark.network import Decoder, Embedder, NetworkConfig


@dataclass(frozen=True)
class Plan:
    """One run."""

    data: Path
    out: Path
    steps: int = 3000
    batch: int = 8
    groups: int = 4
    frames: int = 240
    rate: float = 1.5e-3
    loud_snr_db: float = 18.0
    snr_db: tuple[float, float] = (30.0, 42.0)
    loud_ceiling_db: float = 8.0
    ceiling_db: float = CEILING_DB
    anneal: float = 0.4
    seed: int = 0
    minutes: float = 1e9
    device: str = "cpu"
    bf16: bool = False

    @property
    def precision(self) -> torch.autocast:
        """The context in which the networks, and nothing else, run."""
        return torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=self.bf16)


def sample_cells(logits: Tensor, columns: int, *, delay: int, speed: float) -> tuple[Tensor, Tensor]:
    """Read the decoder's plane at the cells' centres.

    Args:
        logits: [B, BANDS, M].
        columns: cells along time that were embedded.
        delay: samples cut from the start after the attack.
        speed: how much faster the audio plays now (rows move up by its logarithm).

    Returns:
        Logits, [B, CELL_BANDS, columns], and a mask, [columns], of cells that are inside.
    """
    index = torch.arange(columns, device=logits.device)
    frames = (index * CELL_FRAMES + (CELL_FRAMES - 1) / 2.0) / speed - delay / HOP
    position = (frames - (STRIDE - 1) / 2.0) / STRIDE
    inside = (position >= 0) & (position <= logits.shape[-1] - 1)
    low = position.clamp(0, logits.shape[-1] - 1.001).floor()
    weight = (position - low).clamp(0, 1)
    first = low.long().clamp(0, logits.shape[-1] - 2)
    rows = logits[:, FIRST_BAND - 1 : FIRST_BAND + CELL_BANDS + 1]
    shift = 8.0 * math.log2(speed)
    rows = rows[:, 1:-1] * (1 - abs(shift)) + (rows[:, 2:] if shift > 0 else rows[:, :-2]) * abs(shift)
    return rows[..., first] * (1 - weight) + rows[..., first + 1] * weight, inside


def mark(
    embedder: nn.Module,
    wav: Tensor,
    chips: Tensor,
    snr_db: Tensor,
    ceiling_db: float,
    precision: torch.autocast,
) -> tuple[Tensor, Tensor]:
    """Marked audio and the mean excess over the mask, for the log."""
    spectrum = stft(wav)
    frames = spectrum.shape[-1] // 2 * 2
    spectrum = spectrum[..., :frames]
    power = spectrum.real.square() + spectrum.imag.square()
    snr_db = snr_db[:, None].expand(-1, frames)
    rows = log_rows(spectrum)
    with precision:
        pattern = embedder(rows, chips, snr_db)
    pattern = pattern.float()
    gain = relative_gain(pattern, power, snr_db=snr_db, ceiling_db=ceiling_db)
    with torch.no_grad():
        nmr = noise_to_mask_db(gain.square() * power, power)[:, 4:-2].clamp_min(-40.0).mean()
    return wav + istft(spectrum * gain, wav.shape[-1]), nmr


def train(plan: Plan) -> None:
    """Run the plan, resuming from its snapshot."""
    torch.manual_seed(plan.seed)
    rng = random.Random(plan.seed)
    config = NetworkConfig()
    embedder, decoder = Embedder(config), Decoder(config)
    for network in (embedder, decoder):
        network.to(plan.device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # absent from the stubs
    parameters = [*embedder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=plan.rate, weight_decay=1e-4, betas=(0.9, 0.98))
    plan.out.mkdir(parents=True, exist_ok=True)
    snapshot = plan.out / "snapshot.pt"
    first = 0
    if snapshot.exists():
        state = torch.load(snapshot, map_location=plan.device, weights_only=True)
        embedder.load_state_dict(state["embedder"])
        decoder.load_state_dict(state["decoder"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
        rng.seed(plan.seed + first)
        torch.manual_seed(plan.seed + first)
    hosts = Hosts(plan.data, plan.out / "hosts.pt")
    columns = plan.frames // CELL_FRAMES
    started = time.time()
    correct: dict[str, float] = {}
    for step in range(first, plan.steps):
        progress = step / plan.steps
        descent = min(1.0, progress / max(plan.anneal, 1e-9))
        wanted_db = torch.empty(plan.batch).uniform_(*plan.snr_db)
        snr_db = plan.loud_snr_db + (wanted_db - plan.loud_snr_db) * descent
        ceiling = plan.loud_ceiling_db + (plan.ceiling_db - plan.loud_ceiling_db) * descent
        rate = plan.rate * min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * progress) + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = rate
        wav = hosts.batch(plan.batch, (plan.frames - 1) * HOP, rng)
        chips = torch.randint(0, 2, (plan.batch, CELL_BANDS, columns)).float() * 2.0 - 1.0
        chips = chips.to(plan.device)
        marked, nmr = mark(
            embedder, wav.to(plan.device), chips, snr_db.to(plan.device), ceiling, plan.precision
        )
        losses = []
        for audio, wanted in zip(marked.chunk(plan.groups), chips.chunk(plan.groups), strict=True):
            name, attack = channel.draw(rng, correct)
            received = attack(audio.cpu(), rng)
            delay = rng.randrange(0, 4 * HOP)
            spectrum = stft(received.wav[..., delay:].to(plan.device))
            rows = log_rows(spectrum[..., : spectrum.shape[-1] // 2 * 2])
            with plan.precision:
                logits = decoder(rows)
            cells, inside = sample_cells(logits.float(), columns, delay=delay, speed=received.speed)
            cells, wanted = cells[..., inside], wanted[..., inside]
            losses.append(nn.functional.softplus(-cells * wanted).mean())
            right = ((cells * wanted) > 0).float().mean().item()
            correct[name] = 0.97 * correct.get(name, right) + 0.03 * right
        loss = torch.stack(losses).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it untyped
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"loss is {loss.item()} at step {step}")
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        late = time.time() - started > plan.minutes * 60
        if step % 25 == 24 or step == first:
            _log(
                plan.out / "curves.csv",
                step + 1,
                time.time() - started,
                snr_db.mean().item(),
                loss.item(),
                nmr.item(),
                correct,
            )
        if step % 100 == 99 or step == plan.steps - 1 or late:
            state = {"step": step + 1, "embedder": embedder.state_dict(), "decoder": decoder.state_dict()}
            torch.save({**state, "optimiser": optimiser.state_dict()}, snapshot.with_suffix(".new"))
            snapshot.with_suffix(".new").replace(snapshot)
            curves_picture(plan.out / "curves.csv", plan.out / "curves.png")
        if late:
            return


def _log(
    path: Path, step: int, seconds: float, snr: float, loss: float, nmr: float, correct: dict[str, float]
) -> None:
    names = list(channel.ATTACKS)
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["step", "seconds", "snr_db", "loss", "nmr_db", *names])
        cells = [f"{correct[n]:.3f}" if n in correct else "" for n in names]
        writer.writerow([step, f"{seconds:.0f}", f"{snr:.1f}", f"{loss:.4f}", f"{nmr:.1f}", *cells])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/watermark"))
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--anneal", type=float, default=0.4, help="share of the run in which the level falls")
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--bf16", action="store_true", help="run the networks in bfloat16")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    plan = Plan(
        args.data,
        args.out,
        steps=args.steps,
        batch=args.batch,
        rate=args.rate,
        anneal=args.anneal,
        minutes=args.minutes,
        device=args.device,
        bf16=args.bf16,
    )
    train(plan)


if __name__ == "__main__":
    main()
