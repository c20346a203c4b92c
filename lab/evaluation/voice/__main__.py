"""Measure the voice detector and write docs/benchmarks/voice.md.

    python -m lab.evaluation.voice --data ../shared/data [--more MORE]

With `--more`, the folder of the larger list's recordings, the results behind all sections are made again.
Every source (demo page or corpus) is scored by a countermeasure that was trained without it and
without the speakers heard in it; verification trials exclude both speakers from the cohort.
"""

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from core.cards import load, write
from detector.voice import activity, countermeasure, fusion, identity
from detector.voice.activity import VocalActivity
from lab.evaluation.voice import (
    artists,
    backing_page,
    enrolled,
    from_songs,
    goals,
    held_out_page,
    instrumentals,
    speed,
    systems,
    two_voices,
)
from lab.evaluation.voice.trials import clone_trials, verification_trials
from lab.metrics import auc, bootstrap, cllr, eer, threshold_at_fpr, upper_bound
from lab.training.voice import backing, measured
from lab.training.voice.activity import UNSEEN_INSTRUMENTAL
from lab.training.voice.clips import Samples, Voice, music, samples, voices
from lab.training.voice.countermeasure import (
    Table,
    backings,
    build,
    calibrate,
    left_out,
    level,
    mixed,
    table,
)
from lab.training.voice.identity import centres, cohort_of

Floats = npt.NDArray[np.float64]
# The fused ratio at which the posterior share of "clone" is one half.
HALF = math.log((1 - fusion.PRIORS.clone) / fusion.PRIORS.clone)
PAGE = Path("docs/benchmarks/voice.md")
HELD_OUT = PAGE.with_name("voice-held-out.json")
ENROLLED = PAGE.with_name("voice-enrolled.json")
BACKING = PAGE.with_name("voice-backing.json")
SPEED = PAGE.with_name("voice-speed.json")


def both(synthetic: Floats, human: Floats) -> str:
    """`AUC [95 % interval] | EER` of two samples of scores."""
    low, high = bootstrap(auc, synthetic, human, rounds=300)
    return f"{auc(synthetic, human):.3f} [{low:.3f}, {high:.3f}] | {100 * eer(synthetic, human):.1f} %"


def activity_section(
    clips: list[Voice], audio: dict[str, Samples], manifest: Path
) -> tuple[list[str], dict[str, float]]:
    """Vocals found over instrumental music, against instrumental music alone; lines and areas."""
    areas: dict[str, float] = {}
    network = VocalActivity.load()
    under = [audio[r["file"]][: 5 * 16000] for r in music(manifest) if r["source"] in UNSEEN_INSTRUMENTAL][
        ::2
    ]
    heard = [audio[c.file][: 5 * 16000] for c in clips if not c.open and not c.synthetic][::4]

    def peak(wav: Samples) -> float:
        return float(network.find(torch.from_numpy(level(wav))).probability.max())

    alone = np.array([peak(wav) for wav in under])
    lines = [
        "## Vocal activity",
        "",
        f"{len(heard)} research-only voices (speech and singing) against {len(under)} research-only "
        "instrumentals (jazz, rendered MIDI, games), 5 s each; a clip is vocal when one 2 s window is.",
        "",
        "| voice over music | AUC [95 %] | EER | found | instrumentals flagged |",
        "|---|---|---|---|---|",
    ]
    for name, snr in (("alone", None), ("12 dB", 12.0), ("6 dB", 6.0), ("0 dB", 0.0)):
        scores = np.array(
            [
                peak(wav if snr is None else mixed(wav, under[n % len(under)], snr))
                for n, wav in enumerate(heard)
            ]
        )
        areas[f"auc_{name.replace(' ', '')}"] = auc(scores, alone)
        lines.append(
            f"| {name} | {both(scores, alone)} | {100 * (scores > 0.5).mean():.0f} % "
            f"| {100 * (alone > 0.5).mean():.0f} % |"
        )
    return lines, areas


def countermeasure_section(rows: Table, logits: Floats, with_research: Floats) -> list[str]:
    """Synthetic against human, unseen sources, by codec, backing and source."""
    synthetic = rows.synthetic
    variant = np.array(rows.variant)
    source = np.array([voice.source for voice in rows.voice])
    singing = np.array([voice.singing for voice in rows.voice])
    original = np.array([not method for method in rows.method])
    research = np.array([not voice.open for voice in rows.voice]) & original
    clean = research & (variant == "0")

    def line(name: str, chosen: npt.NDArray[np.bool_], scores: Floats) -> str:
        s, h = scores[chosen & synthetic], scores[chosen & ~synthetic]
        return f"| {name} | {len(s)} / {len(h)} | {both(s, h)} |"

    lines = [
        "## Line countermeasure",
        "",
        "One of the two parts of the synthetic-voice score, alone. Research-only sources, none used in "
        "training the weights; the source and its speakers are left out.",
        "",
        "| condition | synthetic / human clips | AUC [95 %] | EER |",
        "|---|---|---|---|",
        line("all, as published (16 kHz mono)", clean, logits),
        line("speech", clean & ~singing, logits),
        line("singing", clean & singing, logits),
        *(
            line(v, research & (variant == v), logits)
            for v in ("mp364", "mp3128", "aac64", "aac96", "opus32", "opus64")
        ),
        line("over music, 0-20 dB", research & (variant == "mix"), logits),
        line("open sources (copy synthesis and MIT demos)", original & ~research & (variant == "0"), logits),
        line("same inputs, research data of other sources in training", clean, with_research),
    ]
    slope, offset = calibrate(rows, logits)
    llr = (slope * logits + offset) / np.log(10)
    cost = cllr(llr[clean & synthetic], llr[clean & ~synthetic])
    lines += [
        "",
        f"Cllr {cost:.3f} bits (1: no information; the two calibration numbers are fitted on these scores).",
        "",
        "Per source, its synthetic clips against all research-only human clips:",
        "",
        "| source | clips | AUC | mean of its own human clips (log10 LR) |",
        "|---|---|---|---|",
    ]
    human = llr[clean & ~synthetic]
    for name in sorted(set(source[clean].tolist())):
        s, h = llr[clean & synthetic & (source == name)], llr[clean & ~synthetic & (source == name)]
        area = f"{auc(s, human):.2f}" if len(s) else "-"
        lines.append(f"| {name} | {len(s)} | {area} | {f'{h.mean():+.2f}' if len(h) else '-'} |")
    return lines


def clone_section(clips: list[Voice], audio: dict[str, Samples], rows: Table, logits: Floats) -> list[str]:
    """Verification with and without clones, and the fused clone decision."""
    embedded = centres(clips, audio)
    cohort = cohort_of(clips, embedded)
    genuine, imitation = verification_trials(clips, embedded, cohort)
    slope, offset = calibrate(rows, logits)
    llr_syn = {
        voice.file: float(np.clip(slope * logit + offset, -4, 4))
        for voice, method, variant, logit in zip(rows.voice, rows.method, rows.variant, logits, strict=True)
        if not method and variant == "0"
    }
    same, other = genuine
    cloned, unlike = imitation
    lines = [
        "## Speaker identity",
        "",
        "One clip of at most 5 s on each side; no clip is compared with itself.",
        "",
        "| trials | targets / others | AUC [95 %] | EER |",
        "|---|---|---|---|",
        f"| genuine X against other people | {len(same)} / {len(other)} | {both(same, other)} |",
        f"| clone of X against clones of others | {len(cloned)} / {len(unlike)} | {both(cloned, unlike)} |",
        f"| genuine X against clones of X | {len(same)} / {len(cloned)} | {both(same, cloned)} |",
        "",
        "The last row is why similarity alone never says `clone`.",
        "",
        "## Clone of X",
        "",
        "Fused ratio of `fusion.llr_clone`, with the line countermeasure alone. Called a clone: "
        "`clone_score` > 0.5 (95 % bound of the rate in brackets), and at the threshold that flags 5 % of "
        "genuine X.",
        "",
        "| heard | trials | AUC [95 %] | EER | score > 0.5 | at 5 % of genuine X |",
        "|---|---|---|---|---|---|",
    ]
    groups = clone_trials(clips, embedded, cohort, llr_syn)
    target = groups["clone of X"]
    threshold = threshold_at_fpr(groups["genuine X"], 0.05)

    def called(values: Floats) -> str:
        flagged = int((values > HALF).sum())
        bound = 100 * upper_bound(flagged, len(values))
        above = 100 * (values > threshold).mean()
        return f"{100 * flagged / len(values):.1f} % (bound {bound:.1f} %) | {above:.1f} %"

    lines.append(f"| clone of X itself | {len(target)} | - | - | {called(target)} |")
    for name in ("genuine X", "other human", "other synthetic"):
        values = groups[name]
        lines.append(f"| {name} | {len(values)} | {both(target, values)} | {called(values)} |")
    return lines


def main() -> None:
    """Measure everything and write the page."""
    parser = argparse.ArgumentParser(description="measure the voice detector")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--more", type=Path, help="the larger list's recordings: measure all studies again")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.more:
        studies(options.more, options.data)
    manifest = options.data / "manifest.csv"
    clips, audio = voices(manifest), samples(options.data)
    build(clips, audio, backings(audio, manifest))
    rows = table(clips)
    logits, with_research = left_out(rows, research=False), left_out(rows, research=True)
    activity_lines, areas = activity_section(clips, audio, manifest)
    cost = speed.measured(speed.voice(options.data, speed.LONG_S))
    SPEED.write_text(json.dumps(cost, indent=1) + "\n")
    sections = [
        ["# Voice detector", "", "Generated by `python -m lab.evaluation.voice`; do not edit."],
        countermeasure_section(rows, logits, with_research),
        clone_section(clips, audio, rows, logits),
        confounds(clips, audio),
        activity_lines,
        speed.section(cost).split("\n"),
    ]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join("\n".join(section) for section in sections) + "\n"
    results = enrolled.searched(ENROLLED)
    enrolled.record(results, identity.CARD)
    own = enrolled.section(results)
    held_out = held_out_page.section(json.loads(HELD_OUT.read_text()))
    over = backing_page.section(json.loads(BACKING.read_text()))
    for part in (over, own, held_out):
        text = held_out_page.inserted(text, part)
    PAGE.write_text(text)
    PAGE.write_text(goals.written(PAGE))
    clean = np.array([not v.open for v in rows.voice]) & (np.array(rows.variant) == "0")
    clean &= np.array([not method for method in rows.method])
    s, h = logits[clean & rows.synthetic], logits[clean & ~rows.synthetic]
    record(activity.__file__, areas)
    record(countermeasure.__file__, {"auc_unseen_sources": auc(s, h), "eer_unseen_sources": eer(s, h)})
    embedded = centres(clips, audio)
    genuine, imitation = verification_trials(clips, embedded, cohort_of(clips, embedded))
    record(identity.__file__, {"eer_genuine": eer(*genuine), "eer_clones": eer(*imitation)})
    record(identity.__file__, _tried("genuine", *genuine) | _tried("clones", *imitation))
    print(PAGE.read_text())


def studies(more: Path, data: Path) -> None:
    """Make the results of enrolled artists and of held-out pages again, from the larger list."""
    measured.main([str(more), "--data", str(data)])
    systems.main([str(HELD_OUT)])
    artists.main([str(more), str(ENROLLED)])
    two_voices.main([str(more), str(ENROLLED)])
    from_songs.main([str(more), str(ENROLLED), "--data", str(data)])
    instrumentals.main([str(ENROLLED), "--data", str(data)])
    backing.main([str(more), str(BACKING), "--data", str(data)])


def _tried(kind: str, same: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> dict[str, float]:
    """Of how many comparisons a rate of equal errors is."""
    return {f"eer_{kind}_n_same": len(same), f"eer_{kind}_n_others": len(others)}


def record(module: str, metrics: dict[str, float]) -> None:
    """Write measured figures into the card beside a module; those of other studies stay."""
    path = Path(module).with_suffix(".toml")
    card, tensors = load(path)
    told = {name: round(value, 4) for name, value in metrics.items()}
    write(replace(card, metrics={**card.metrics, **told}), tensors, path)


def confounds(clips: list[Voice], audio: dict[str, Samples]) -> list[str]:
    """How well facts about the file alone tell the classes apart, before and after the common chain."""
    chosen = [clip for clip in clips if not clip.open]

    def facts(clip: Voice) -> tuple[float, float, float, float]:
        wav = level(audio[clip.file])
        spectrum = np.abs(np.fft.rfft(wav)) ** 2
        hertz = np.fft.rfftfreq(len(wav), 1 / 16000)
        floor = np.percentile(np.convolve(wav**2, np.ones(400) / 400, "same"), 5)
        lead = float(np.argmax(np.abs(wav) > 0.01)) / 16000
        return (
            float(np.sqrt(np.mean(audio[clip.file] ** 2))),
            float(spectrum[hertz > 7000].sum() / spectrum.sum()),
            float(np.log10(floor + 1e-12)),
            lead,
        )

    values = np.array([facts(clip) for clip in chosen])
    synthetic = np.array([clip.synthetic for clip in chosen])
    names = ("level as decoded", "energy above 7 kHz", "noise floor", "leading silence")
    seen = ("no (levelled)", "no (lines stop at 7 kHz)", "hardly (line contrast is relative)", "no")
    lines = [
        "## Confound probe",
        "",
        "Area under the curve of one fact alone, synthetic against human, research-only clips; 0.5 is blind. "
        "The last column says whether the score can see it.",
        "",
        "| fact | AUC | visible to the score |",
        "|---|---|---|",
    ]
    for column, (name, visible) in enumerate(zip(names, seen, strict=True)):
        area = auc(values[synthetic, column], values[~synthetic, column])
        lines.append(f"| {name} | {area:.2f} | {visible} |")
    return lines


if __name__ == "__main__":
    main()
