"""A finished audit decided again, by another policy, from what it found: nothing is measured anew."""

from collections.abc import Iterator, Mapping
from datetime import date

from api.audit.claims import declares_ai
from api.audit.decision import Decision, Gap
from api.audit.json_form import Json
from api.audit.policy import Policy, look_up

_PARTS = ("media", "watermark", "credentials", "fingerprint", "ai", "voice", "originality", "ownership")


def decide_again(result: Json, policy: Policy, *, on: date) -> Decision:
    """What a policy makes of the JSON of an audit (`AuditResult.to_dict`).

    Whose the audio is, and what consents said of it, stay as they were found. Texts of open questions tell
    no reasons.

    Args:
        result: of the audit, perhaps by an earlier release: what it does not tell was not measured.
        policy: the rules.
        on: the day by which they are dated.
    """
    findings = {name: result.get(name) for name in _PARTS}
    limit = policy.clone_threshold(on=on)
    voice = findings["voice"]
    if isinstance(voice, Mapping) and isinstance(voice.get("artists"), list):
        findings["voice"] = {**voice, "artists": [_suspected(one, limit) for one in voice["artists"]]}
    facts = {
        "duration_s": result.get("duration_s"),
        "ai_declared": declares_ai(look_up(findings, "ownership.record"))
        or any(track.get("declares_ai") for track in look_up(findings, "ownership.tracks") or ()),
    }
    return policy.decide({**findings, **facts}, on=on, unanswered=list(_gaps(result)))


def _suspected(artist: Json, limit: float | None) -> Json:
    """An artist's voice as the policy judges it."""
    return {**artist, "suspected": limit is not None and (artist.get("clone_score") or 0.0) >= limit}


def _gaps(result: Json) -> Iterator[Gap]:
    for part in ("media.truncated", "media.more_audio"):
        if look_up(result, part):
            yield Gap("decode", "partly", "")
    for name, outcome in (result.get("checks") or {}).items():
        if outcome not in ("done", "skipped"):
            yield Gap(name, outcome, "")
    answered = look_up(result, "checks.voice") == "done"
    if answered and look_up(result, "voice.has_voice") and look_up(result, "voice.left_out"):
        yield Gap("artists", "uncompared", "")
    if look_up(result, "credentials.tags.unreadable") is not None:
        yield Gap("tags", "unread", "")
