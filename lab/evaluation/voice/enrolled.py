"""Write the section on enrolled artists of the voice benchmark, and measure the search.

    python -m lab.evaluation.voice.enrolled docs/benchmarks/voice-enrolled.json

Artists enrolled from several recordings and one clip of at most 5 s heard, as shipped; the results say of
what.
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from core.cards import load, write
from detector.voice import identity
from detector.voice.detector import SUSPECTED
from detector.voice.encoder import Ge2eEncoder
from detector.voice.identity import Identity
from detector.voice.voiceprint import VoicePrint, centres
from lab.evaluation.voice.held_out_page import inserted
from lab.metrics import upper_bound, wilson

TITLE = "## Enrolled artists"
ARTISTS = 10_000


def search_ms(artists: int, rounds: int = 20) -> float:
    """Median milliseconds of processor time for one clip's search among so many artists' voice prints.

    All that an audit does once it has read them: their centres, the cohort's scores, the comparison.
    """
    verifier = Identity.load(Ge2eEncoder.name)
    generator = torch.Generator().manual_seed(0)
    rows = functional.normalize(torch.rand(artists + 1, Ge2eEncoder.dimension, generator=generator), dim=1)
    prints = [VoicePrint(row[None], Ge2eEncoder.name, 20.0) for row in rows[:-1]]
    took = []
    for _ in range(rounds):
        started = time.thread_time()
        gallery = verifier.gallery(centres(prints))
        verifier.similarities(gallery, rows[-1]).topk(min(100, artists))
        took.append(1000 * (time.thread_time() - started))
    return sorted(took)[rounds // 2]


def searched(place: Path) -> dict[str, Any]:
    """The results with the search measured again, in their file too."""
    results: dict[str, Any] = json.loads(place.read_text()) | {"search_ms": round(search_ms(ARTISTS), 1)}
    place.write_text(json.dumps(results, indent=1) + "\n")
    return results


def _share(events: int, trials: int) -> str:
    low, high = wilson(events, trials)
    return f"{events} of {trials}, {100 * events / trials:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _bounded(events: int, trials: int) -> str:
    return f"{events} of {trials} (bound {100 * upper_bound(events, trials):.1f} %)"


def _counts(rows: Mapping[str, list[int]], head: str) -> list[str]:
    """A table of trials called at the policy's limit and at 0.5."""
    told = [f"| {name} | {_share(at8, n)} | {_share(at5, n)} |" for name, (at5, at8, n) in rows.items()]
    return [f"| {head} | at {SUSPECTED} | at 0.5 |", "|---|---|---|", *told, ""]


def _artists(found: Mapping[str, Any]) -> list[str]:
    """What `artists` counts."""
    one, verifier = found["at_one_percent_of_genuine"], found["verifier"]
    lines = [
        f"Clips of at most 5 s of the eleven held-out pages and three for choosing ({found['pages']} of "
        f"them measured); {found['people']} artists enrolled from up to six other recordings. Called a "
        f"clone from a score of {SUSPECTED} (the policy's limit) and of 0.5; 95 % intervals or bounds. Clips "
        "of one person and page are not independent, so these are narrow.",
        "",
        *_counts(found["clones"], "heard"),
        "At the limit that flags at most 1 % of genuine X here (a clone score of "
        f"{one['clone score there']:.2f}): "
        + "; ".join(f"{name} {100 * one[f'found, {name}']:.1f} %" for name in found["clones"])
        + ". Area of the fused ratio of clones of X against "
        + ", ".join(f"{name} {one[f'auc against {name}']:.3f}" for name in list(found["clones"])[1:])
        + ". Wanted: 60 % found, an area of 0.92.",
        "",
        "As a verifier (is it X, recorded?): "
        + "; ".join(f"{name} {value:.3f}" for name, value in verifier.items())
        + ".",
        "",
        f"| condition | clones of X at {SUSPECTED} | genuine X at {SUSPECTED} | clones of X at 0.5 |",
        "|---|---|---|---|",
    ]
    for name, row in found["conditions"].items():
        (at5, *clone), genuine = row["clone"], row["genuine"]
        lines.append(f"| {name} | {_share(*clone)} | {_bounded(*genuine[1:])} | {at5} of {clone[1]} |")
    after = "; ".join(f"{name} {_bounded(*row)}" for name, row in found["effects"].items())
    lines += [
        "",
        f"Enrolled artists' own recordings after an effect that are called at {SUSPECTED}, identity as heard "
        f"(of some, the recording without it is among those enrolled): {after}.",
        "",
        f"Among N artists identity's ratio pays for N before its bound; at {SUSPECTED}:",
        "",
    ]
    lines += ["| N | " + " | ".join(found["clones"]) + " |", "|---" * (1 + len(found["clones"])) + "|"]
    for number, row in found["artists"].items():
        lines.append(f"| {number} | " + " | ".join(_share(*row[name][1:]) for name in row) + " |")
    return [*lines, ""]


def _by_artist(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One row for each artist, most cloned first."""
    lines = [
        f"Each artist, at {SUSPECTED}; EER of identity on recordings of the artist and of others (how many):",
        "",
        "| artist | clones called | own recordings called | SV-EER |",
        "|---|---|---|---|",
    ]
    for name, row in sorted(found.items(), key=lambda item: (-item[1]["clone"][1], item[0])):
        (called, clones), (wrong, genuine) = row["clone"], row["genuine"]
        error = f"{100 * row['eer']:.1f} % ({genuine} and {row['others']})" if "eer" in row else "-"
        lines.append(f"| {name} | {called} of {clones} | {wrong} of {genuine} | {error} |")
    return [*lines, ""]


def _enrolment(found: Mapping[str, Any]) -> list[str]:
    """What `two_voices` and `from_songs` count."""
    people, singers = found["enrolment_people"]
    lines = [
        f"Enrolments refused as two voices, of {found['two_voices_people']} people (some of whom helped "
        "to set the limits):",
        "",
        "| enrolled from | refused |",
        "|---|---|",
        *(f"| {way} | {_share(*row)} |" for way, row in found["two_voices"].items()),
        "",
        "Enrolment from songs: four clips over instrumentals, tested with two clips of 5 s, "
        f"{people} people, {singers} of them singing:",
        "",
        "| voice over music in enrolment | EER | singing |",
        "|---|---|---|",
    ]
    for name, (every, sung) in found["enrolment_over_music"].items():
        lines.append(f"| {name} | {100 * every:.1f} % | {100 * sung:.1f} % |")
    kinds = (
        f"{kind} {100 * rate:.1f} % of {number} people"
        for kind, (rate, number) in found["half_a_minute_enrolled"].items()
    )
    alone = f"EER where 30 s of a voice alone are enrolled and 10 s heard: {', '.join(kinds)}."
    return [*lines, "", f"{alone} Wanted: 4 % and 8 %.", ""]


def section(found: Mapping[str, Any]) -> str:
    """The section as Markdown.

    Args:
        found: counts at a clone score of 0.5, at the policy's limit, and trials; the other studies; and
            `search_ms`, milliseconds of a search among `ARTISTS`.
    """
    quiet, songs = found["instrumentals"], found["songs"]
    lines = [
        TITLE,
        "",
        "Written by `python -m lab.evaluation.voice.enrolled docs/benchmarks/voice-enrolled.json`; do "
        "not edit. The results are made by `lab.training.voice.measured`, then `artists`, `two_voices`, "
        "`from_songs` and `instrumentals` of `lab.evaluation.voice`, from the recordings of the larger "
        "list.",
        "",
        *_artists(found),
        *_by_artist(found["by_artist"]),
        *_enrolment(found),
        "Vocals found in instrumentals, cuts of about 10 s, of sources that vocal activity was not trained "
        f"on: {_share(*quiet['unseen'])}. With those of its training: {_share(*quiet['now'])}; before "
        f"windows had to add up, {_share(*quiet['before'])}. Wanted: 3 %. In cuts of songs, some without "
        f"vocals: {_share(*songs['now'])}; before, {_share(*songs['before'])}.",
        "",
        f"A search among {ARTISTS:,} artists' voice prints, once they are read: {found['search_ms']:.1f} ms "
        "of processor time, one thread.",
    ]
    return "\n".join(lines)


def rates(found: Mapping[str, Any]) -> dict[str, float]:
    """What `detector.voice.rates` tells of each condition, at the shipped limit."""
    told: dict[str, float] = {}
    for name, row in found["conditions"].items():
        (_, called, clones), (_, wrong, genuine) = row["clone"], row["genuine"]
        told[f"clones called, {name}"] = round(called / clones, 4)
        told[f"genuine called at most, {name}"] = round(upper_bound(wrong, genuine), 4)
        told |= {f"clones tried, {name}": clones, f"genuine tried, {name}": genuine}
    return told


def record(found: Mapping[str, Any], path: Path) -> None:
    """Write the rates into the verifier's card; the figures of other studies stay."""
    card, tensors = load(path)
    write(replace(card, metrics={**card.metrics, **rates(found)}), tensors, path)


def main() -> None:
    """Measure the search and write the section."""
    parser = argparse.ArgumentParser(
        description="write the section on enrolled artists of the voice benchmark"
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/voice.md"))
    parser.add_argument("--card", type=Path, default=identity.CARD)
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = searched(options.results)
    record(results, options.card)
    options.page.write_text(inserted(options.page.read_text(), section(results)))


if __name__ == "__main__":
    main()
