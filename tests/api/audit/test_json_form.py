"""The JSON of an audit is a contract: what it was for these files, it is."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from api.audit.asked import ALL, NAMES, PROVENANCE
from api.audit.audit import audit_file
from core.clip import Segment
from core.errors import ProofError, WatermarkError
from detector.music.finding import Evidence, Family, Proposition
from detector.music.misses import Miss
from detector.originality import Neighbour, Place
from detector.voice.finding import ArtistScore, VoiceSegment
from detector.voice.rates import ErrorRate
from provenance.credentials.own_tags import OwnTags, Statement
from tests import fakes
from tests.fakes import OTHER, RECORD, Registry, claims, credentials, marked, match, music, voice

THIRD = "0123456789abcdef"
NEAR = {
    "melody": (
        Neighbour(1, 0.312345678, 0.999987654, 0.0024, Place(12.04, 31.55, 62.0, 81.5), -2, 1.2),
        Neighbour(2, 0.4, 0.91, 0.18, Place(0.0, 8.0, 4.0, 12.0), 0, 1.0),
    ),
    "rhythm": (Neighbour(2, 0.25, None, None, Place(0.0, 12.0, 6.0, 18.0)),),
    "timbre": (),
    "structure": (),
}
"""What `detector.originality.nearest` answers: its own last digits differ between processors."""
GOLDEN = Path(__file__).with_name("audits.json")
ELSE = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
CONSENT = {"artist": "Ada", "from": "2026-01-01T00:00:00Z", "to": None, "revoked_at": None}
MACHINE = music(
    0.9712345678,
    2.0123456,
    0.00123456789,
    "synthetic",
    families=(Family("EnCodec", 0.7654321),),
    evidence=(Evidence("comb", "a comb", {"hz": 50.0, "n": 3, "bad": float("nan"), "list": [1.0, "x"]}),),
    segments=(Segment(0, 5, 0.97), Segment(5, 10, float("nan"))),
    propositions=(Proposition("P1", "a decoder", "supported", 2.0), Proposition("C", "x", "open", None)),
    misses=(Miss("in wide", 0.63, 31),),
    group="wide/short",
    compared=1204,
)
SINGER = voice(
    True,
    0.99123456,
    ArtistScore("Ada", 4.1234567, 3.1, 0.9723456),
    segments=(VoiceSegment(1, 2, 0.9, 0.9542425, 8.04),),
    error_rates=(ErrorRate("in speech", 0.0634921, 0.0190284, 182, 62),),
)
TAGS = OwnTags(True, RECORD, (Statement("AI_INVOLVEMENT", "All"),), left_out=2)
BOOM = RuntimeError("boom")
AUDITS: dict[str, dict[str, Any]] = {
    "everything": {
        "registry": Registry({RECORD: claims(voice_consents=[CONSENT])}, matches=[match(RECORD, pitch=1.06)]),
        "detection": marked(speed=1.1, known=((1.15, 1.15),), p_value=1.234567891e-14),
        "credentials": credentials(stamped_at="2026-11-22T13:00:00Z", stamp_trusted=True, tags=TAGS),
        "music": MACHINE,
        "voice": SINGER,
    },
    "nothing": {"registry": Registry({}, matches=[])},
    "silence": {"audio": fakes.clip(5.0, amplitude=0.0)},
    "broken": dict.fromkeys(("detection", "credentials", "hashes", "music", "voice"), BOOM),
    "inconclusive": {
        "detection": WatermarkError("too plain"),
        "hashes": (),
        "music": music(None, None, None, "uncertain", reason="too short", evidence=MACHINE.evidence),
        "voice": voice(True, None, left_out=("'Old' was not compared",)),
    },
    "not asked": {"checks": PROVENANCE},
    "asked one": {"checks": ("voice",), "voice": SINGER},
    "disputed": {
        "registry": Registry(
            {RECORD: claims(first_index=3), OTHER: claims(owners=ELSE, witnessed_at=1_700_000_000)},
            matches=[match(RECORD), match(OTHER)],
        ),
        "detection": marked(),
    },
    "two tracks": {
        "registry": Registry(
            {RECORD: claims(), OTHER: claims(owners=ELSE)},
            matches=[match(RECORD), match(OTHER, stretches=((10.0, 19.0),))],
        ),
        "detection": marked(),
    },
    "refused": {"registry": Registry({RECORD: ProofError("not in the log")}, matches=[match(RECORD)])},
    "tags unread": {"credentials": credentials(tags=OwnTags(unreadable="not a FLAC stream"))},
    "near": {
        "registry": Registry(
            {RECORD: claims(), OTHER: claims(title="Another Song"), THIRD: ProofError("not in the log")},
            matches=[match(RECORD)],
            sketched={RECORD: fakes.sketch(), OTHER: fakes.sketch(), THIRD: fakes.sketch()},
        ),
        "checks": NAMES,
        "sketch": fakes.sketch("", "", "", "30.0 s are too short for a structure: 30 s are needed"),
    },
    "near nothing": {
        "checks": NAMES,
        "sketch": fakes.sketch("the pitches never change", "", "", ""),
    },
    "cut": {"audio": replace(fakes.clip(), source=replace(fakes.clip().source, truncated=True))},
}


def audited(
    *, registry: Registry | None = None, checks: tuple[str, ...] = ALL, **answers: Any
) -> dict[str, Any]:
    result = audit_file(
        fakes.PATH,
        registry=registry or Registry(voices={"Ada": b"print"}),  # type: ignore[arg-type]  # a fake
        settings=fakes.SETTINGS,
        engines=fakes.engines(**answers),
        checks=checks,
        today=date(2026, 11, 28),
    )
    told = {**result.to_dict(), "elapsed_s": 0.0}
    told["decision"] |= {"policy": "", "policy_sha256": ""}  # a changed rule changes these, not the form
    return told


@pytest.mark.parametrize("name", AUDITS)
def test_the_json_of_an_audit_stays_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.originality.nearest", lambda *_asked, **_options: NEAR)
    told = json.loads(json.dumps(audited(**AUDITS[name]), allow_nan=False))
    assert told == json.loads(GOLDEN.read_text())[name]
