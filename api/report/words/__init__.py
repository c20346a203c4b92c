"""What a finding says, in words: the one place for every sentence that a page, a report or a terminal shows.

The functions take the JSON of a finding, as a stored report holds it, and say no more than it does: nothing
that was sought and not found is ever put as proof of the contrary. What a verdict means, and what to do about
it, is in `api.report.words.meanings`.
"""

from api.report.words import beside, log
from api.report.words.heard import (
    MUSIC,
    SCORES,
    exhibits,
    music,
    music_line,
    voice,
    voice_line,
)
from api.report.words.near import further, near, near_line
from api.report.words.provenance import (
    OWNERSHIP,
    claim,
    credentials,
    credentials_line,
    fingerprint_line,
    other_record,
    ownership,
    placed,
    watermark,
    watermark_line,
)
from api.report.words.rules import rule_text, rule_texts
from api.report.words.told import ACTIONS, BASIS, Found, Told, action, lowered, outcome

__all__ = [
    "ACTIONS",
    "BASIS",
    "MUSIC",
    "OWNERSHIP",
    "SCORES",
    "Told",
    "action",
    "beside",
    "claim",
    "credentials",
    "credentials_line",
    "exhibits",
    "fingerprint_line",
    "further",
    "known",
    "log",
    "lowered",
    "music",
    "music_line",
    "near",
    "near_line",
    "other_record",
    "ownership",
    "placed",
    "questions",
    "rule_text",
    "rule_texts",
    "voice",
    "voice_line",
    "watermark",
    "watermark_line",
]


def known(found: Found) -> tuple[Told, ...]:
    """What is known of a file's provenance."""
    return (
        ownership(found["ownership"], found["fingerprint"]),
        watermark(found["watermark"], *outcome(found, "watermark")),
        credentials(found["credentials"], *outcome(found, "credentials")),
    )


def questions(found: Found) -> tuple[Told, ...]:
    """Every question that an audit answers; that of an optional check last, where it was asked."""
    asked = (*known(found), music(found["ai"]), voice(found["voice"]))
    return asked if found.get("originality") is None else (*asked, near(found["originality"]))
