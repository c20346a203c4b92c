"""The section of the voice benchmark on how loud a voice is over its backing, as Markdown.

    python -m lab.evaluation.voice.backing_page docs/benchmarks/voice-backing.json

The results are made by `lab.training.voice.backing`.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detector.voice.backing import WITHIN
from lab.evaluation.voice.held_out_page import inserted

TITLE = "## Voice over its backing"


def section(found: Mapping[str, Any]) -> str:
    """Write the section.

    Args:
        found: what `lab.training.voice.backing.figures` tells.
    """
    lines = [
        TITLE,
        "",
        "Written by `python -m lab.evaluation.voice.backing_page docs/benchmarks/voice-backing.json`; do "
        "not edit. "
        "Results of `lab.training.voice.backing`: "
        f"{found['windows']} windows of 2 s of people of the eleven held-out pages, over instrumentals of "
        "sources that nothing here was trained on, at known ratios of root mean squares.",
        "",
        f"Mean error {found['error']:.1f} dB (always telling the median ratio: {found['guessing']:.1f} dB), "
        f"nine of ten within {found[WITHIN]:.1f} dB, correlation {found['correlation']:.2f}. So a finding "
        "names every measured condition that lies this near, and one window's figure is a hint.",
        "",
        "| voice above its backing | told, median | mean error | singing |",
        "|---|---|---|---|",
    ]
    for name, row in found["levels"].items():
        lines.append(f"| {name} | {row['told']:.1f} dB | {row['error']:.1f} dB | {row['singing']:.1f} dB |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the section into the page."""
    parser = argparse.ArgumentParser(description="write the section on voices over their backing")
    parser.add_argument("results", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/voice.md"))
    options = parser.parse_args(arguments)
    text = section(json.loads(options.results.read_text()))
    options.page.write_text(inserted(options.page.read_text(), text))


if __name__ == "__main__":
    main()
