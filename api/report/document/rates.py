"""How often the checks err, in the condition of this very recording.

The rates are those of the model cards, which the lab measured; a signed statement carries them with the hash
of the weights that they belong to. Where a statement holds none, none is told.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.language import _, later
from api.language.figures import number_text
from api.report.numbers import fine_percent_text, percent_text, rate_text
from api.report.words.conditions import condition_text

Found = Mapping[str, Any]
Rows = tuple[tuple[str, str], ...]

_CODECS = {
    "mp3": (
        ("mp3_128", later("MP3 at 128 kbit/s")),
        ("mp3_64", later("MP3 at 64 kbit/s")),
        ("mp3_32", later("MP3 at 32 kbit/s")),
    ),
    "aac": (
        ("aac_128", later("AAC at 128 kbit/s")),
        ("aac_64", later("AAC at 64 kbit/s")),
        ("aac_32", later("AAC at 32 kbit/s")),
    ),
    "opus": (
        ("opus_128", later("Opus at 128 kbit/s")),
        ("opus_64", later("Opus at 64 kbit/s")),
        ("opus_32", later("Opus at 32 kbit/s")),
    ),
    "vorbis": (
        ("vorbis_128", later("Vorbis at 128 kbit/s")),
        ("vorbis_64", later("Vorbis at 64 kbit/s")),
        ("vorbis_48", later("Vorbis at 48 kbit/s")),
    ),
}
"""Conditions of the cards that stand for a codec."""
_LONG_S = 30.0
CLEAN = "clean"
"""The condition of a clip that nobody changed."""


def codec_conditions(file: Found) -> tuple[tuple[str, str], ...]:
    """The conditions that stand for a file's codec, by the names that cards give them, and in words."""
    codec = str(file.get("codec") or "")
    return _CODECS.get("mp3" if codec == "mp3float" else codec, ())


def metrics(report: Found, name: str) -> Found:
    """What was measured of a model, by its name; empty where the statement does not tell."""
    cards: Sequence[Found] = report.get("models") or ()
    return next((card.get("metrics") or {} for card in cards if card.get("name") == name), {})


def music_rates(report: Found) -> Rows:
    """Misses in the condition of this recording, and false alarms."""
    found = report["findings"]["ai"]
    rows = [
        (
            _(
                "No trace found in music of known generators, %(condition)s",
                condition=condition_text(miss["condition"]),
            ),
            rate_text(miss["share"], miss.get("count"), percent_text(miss["share"])),
        )
        for miss in found.get("misses") or ()
        if miss.get("share") is not None
    ]
    measured = metrics(report, "music-decoder-clock")
    for delivery, words in (("native", _("as published")), ("chain-1", _("after processing and codecs"))):
        share, bound = (measured.get(f"{delivery}_flagged_human{end}") for end in ("", "_upper"))
        count = measured.get(f"{delivery}_n_human")
        if share is not None and bound is not None and count is not None:
            told = _(
                "%(share)s of %(count)s (at most %(bound)s with 95 %% confidence)",
                share=fine_percent_text(share),
                count=number_text(f"{count:,.0f}"),
                bound=fine_percent_text(bound),
            )
            rows.append((_("Traces found in music by people, %(condition)s", condition=words), told))
    return tuple(rows)


def voice_rates(report: Found) -> Rows:
    """How often the synthetic score and the likeness err on recordings that they had never seen."""
    score, likeness = metrics(report, "voice-synthesis"), metrics(report, "voice-identity")
    rows = []
    for name, share, count in (
        (_("Voices of people with a synthetic score above even"), "human_above_even", "n_human"),
        (
            _("Synthetic voices with a synthetic score above even; the others are missed"),
            "synthetic_above_even",
            "n_synthetic",
        ),
    ):
        if f"held_out_{share}" in score:
            rows.append((name, rate_text(score[f"held_out_{share}"], score.get(f"held_out_{count}"))))
    for name, kind in (
        (_("Strangers taken for the artist, or the artist for a stranger"), "genuine"),
        (_("The same where the voice is a copy"), "clones"),
    ):
        if f"eer_{kind}" in likeness:
            rows.append((name, _equal_errors(likeness, kind)))
    return tuple(rows)


def _equal_errors(measured: Found, kind: str) -> str:
    """The rate at which both errors are alike, and of how many trials of either sort."""
    share = fine_percent_text(measured[f"eer_{kind}"])
    same, others = (measured.get(f"eer_{kind}_n_{sort}") for sort in ("same", "others"))
    if same is None or others is None:
        return share
    return _(
        "%(share)s, of %(others)s comparisons with others and of %(same)s with the same voice",
        share=share,
        others=number_text(f"{others:,.0f}"),
        same=number_text(f"{same:,.0f}"),
    )


def read_aright(report: Found, condition: str) -> tuple[float | None, float | None, str]:
    """How often marks are read aright in clips about as long as the file, of how many, and their length."""
    long = (report["findings"].get("duration_s") or 0.0) >= _LONG_S
    clip, length = ("30s", "30 s") if long else ("5s", "5 s")
    measured, name = metrics(report, "watermark-channel"), f"message_accuracy_{clip}_{condition}"
    share = measured.get(name)
    return (None if share is None else float(share)), measured.get(f"{name}_n"), length


def seen_unmarked(report: Found) -> str | None:
    """In how many clips without a mark one seemed to be."""
    measured = metrics(report, "watermark-channel")
    if "unmarked_windows" not in measured or "unmarked_reported_present" not in measured:
        return None
    seen, count = measured["unmarked_reported_present"], measured["unmarked_windows"]
    return rate_text(seen / count, count, number_text(f"{seen:,.0f}"))


def watermark_rates(report: Found) -> Rows:
    """How often a mark is read aright in audio like this, and how often one is seen where none is."""
    words = read_aright(report, CLEAN)[2]
    conditions = ((CLEAN, later("unchanged")), *codec_conditions(report["file"]))
    rows = [
        (
            _("Marks read aright, clips of %(length)s, %(condition)s", length=words, condition=_(text)),
            rate_text(share, count),
        )
        for name, text in conditions
        for share, count, _length in [read_aright(report, name)]
        if share is not None
    ]
    if told := seen_unmarked(report):
        rows.append((_("Marks seen in clips without one"), told))
    return tuple(rows)
