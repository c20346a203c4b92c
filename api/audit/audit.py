"""The audit of one file: decode once, ask every check, judge ownership, apply the policy.

A check that breaks becomes a warning and an open question (`checks: failed`), never a crash and
never a silent "nothing found". A check that cannot answer (silence, too short) says so as
`inconclusive`. Two audits of the same file by the same registry differ in `elapsed_s` only.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from api.audit import checks as check
from api.audit.asked import ALL, NAMES
from api.audit.consents import consented
from api.audit.decision import Gap
from api.audit.engines import Engines, product_engines
from api.audit.findings import CredentialsFound, Media, WatermarkFound, revised
from api.audit.heard import MusicFound, VoiceFound
from api.audit.lanes import Asking, Shared
from api.audit.ownership import also_known_as, judge
from api.audit.policy import Policy
from api.audit.policy_text import load_policy
from api.audit.result import AuditResult, Findings, told
from api.registry.consents import Consent
from api.registry.summary import known
from core.clip import Clip
from core.progress import Progress

if TYPE_CHECKING:
    from api.registry.registry import Registry
    from api.settings import Settings

PARTLY = "not all of the file's audio could be decoded and audited"


def audit_file(
    path: Path | str,
    *,
    registry: "Registry",
    settings: "Settings",
    artist: str | None = None,
    policy: Policy | None = None,
    checks: Collection[str] = ALL,
    progress: Progress | None = None,
    engines: Engines | None = None,
    today: date | None = None,
) -> AuditResult:
    """Audit one audio file.

    Args:
        path: the file.
        registry: records, keys, fingerprints and enrolled artists.
        settings: limits of what is decoded, and how far a mark is looked for.
        artist: compare the vocals with this enrolled artist only; None compares with all.
        policy: rules to apply; None is the default policy.
        checks: names out of `asked.NAMES`.
        progress: called with (stage, fraction done).
        engines: what touches audio; None takes the parts as they ship.
        today: the day by which policy rules are dated; None is today in UTC.

    Returns:
        The findings and the decision.

    Raises:
        AudioError: the file cannot be used as audio.
        OSError: the disk has no room for long audio (see `core.scratch`).
        UnknownEntry: `artist` is not enrolled.
        ValueError: a name in `checks` is unknown, or there is none: what was not asked is not accepted.
    """
    started = time.monotonic()
    unknown = set(checks) - set(NAMES)
    if unknown:
        raise ValueError(f"unknown checks {sorted(unknown)}; choose from {', '.join(NAMES)}")
    if not checks:
        raise ValueError(f"an audit asks at least one check; choose from {', '.join(NAMES)}")
    path, on = Path(path), today or datetime.now(UTC).date()
    engines, policy = engines or product_engines(settings), policy or load_policy()
    report = progress or (lambda _stage, _fraction: None)
    artists = check.enrolled(registry, artist) if "voice" in checks else {}

    report("decode", 0.0)
    clip = engines.decoder.decode(path, settings.limits())
    wanted, steps = frozenset(checks), len(set(checks)) + 2
    asking = Asking(wanted, check.unusable(clip.duration_s, check.swing(clip.wav)), report, steps)
    full = settings.watermark_search == "full"
    findings = _ask(asking, engines, path, clip, registry, artists, exhaustive=full)

    report("decide", (steps - 1) / steps)
    heard = findings.voice.artists if isinstance(findings.voice, VoiceFound) else ()
    on_file = registry.artists.consents_of([one.name for one in heard]) if heard else {}
    records = known(registry.records, findings.named)
    findings = _settle(findings, records, on_file, policy, on, clip.duration_s)
    facts = {"duration_s": clip.duration_s, "ai_declared": findings.ownership.declares_ai}
    decision = policy.decide({**findings.to_dict(), **facts}, on=on, unanswered=_gaps(findings, clip))
    warnings = _warnings(findings, clip)
    report("done", 1.0)
    return AuditResult(
        file=str(path),
        sha256=clip.source.sha256,
        duration_s=clip.duration_s,
        elapsed_s=time.monotonic() - started,
        findings=findings,
        decision=decision,
        warnings=(*warnings, *policy.stale(on=on)),
        clip=clip,
    )


def _ask(
    asking: Asking,
    engines: Engines,
    path: Path,
    clip: Clip,
    registry: "Registry",
    artists: Mapping[str, bytes],
    *,
    exhaustive: bool,
) -> Findings:
    """Ask every check: the voice in one lane, the provenance in the other, the music by who is free first."""
    # Two lanes with more threads each would wait for one another spinning, which on two busy cores made an
    # audit of three minutes take five times the processor time.
    torch.set_num_threads(1)
    with ThreadPoolExecutor(1, thread_name_prefix="audit") as beside:
        voice = beside.submit(asking.ask, "voice", lambda: check.voice(engines, clip, artists))
        tracks = asking.ask("fingerprint", lambda: check.fingerprint(engines, clip, registry))
        found = told(tracks, ())
        undone = check.ratios(check.changes(found))
        music = Shared(beside, lambda: asking.ask("music", lambda: check.music(engines, clip, undone)))
        marked = asking.ask(
            "watermark", lambda: check.watermark(engines, clip, registry, found, exhaustive=exhaustive)
        )
        if isinstance(tracks, tuple) and isinstance(marked, WatermarkFound) and check.moved(tracks, marked):
            speed = marked.speed
            tracks = asking.ask(
                "fingerprint", lambda: check.at_own_speed(engines, clip, registry, found, speed), kept=found
            )
        more = check.unlike(check.ratios(check.mark_change(marked)), undone)
        if more:  # a mark survives larger changes than a fingerprint does
            first = music.result()
            kept = first if isinstance(first, MusicFound) else None
            music = Shared(
                beside, lambda: asking.ask("music", lambda: check.music(engines, clip, undone + more), kept)
            )
        credentials = asking.ask("credentials", lambda: check.credentials(engines, path, clip, registry))
        near = asking.ask(
            "originality", lambda: check.originality(engines, clip, registry, check.itself(tracks, marked))
        )
        return Findings(Media.of(clip), marked, credentials, tracks, music.result(), voice.result(), near)


def _settle(
    findings: Findings,
    records: Mapping[str, Mapping[str, Any]],
    on_file: Mapping[str, Sequence[Consent]],
    policy: Policy,
    on: date,
    duration_s: float,
) -> Findings:
    """Say whose the audio is, and what that says of the mark, the credentials and the voices."""
    ownership = judge(findings.watermark, findings.fingerprint, findings.credentials, records, duration_s)
    heard = set(findings.heard) - {None}
    limit, mark = policy.clone_threshold(on=on), told(findings.watermark, WatermarkFound())

    def judged(found: VoiceFound) -> VoiceFound:
        suspected = tuple(
            replace(one, suspected=limit is not None and (one.clone_score or 0.0) >= limit)
            for one in found.artists
        )
        found = replace(found, artists=suspected)
        return replace(found, artists=consented(found, ownership, mark, on_file, on=on))

    return replace(
        findings,
        ownership=ownership,
        watermark=revised(
            findings.watermark, lambda m: replace(m, record_id=m.message if m.message in records else None)
        ),
        credentials=revised(
            findings.credentials,
            lambda c: replace(
                c,
                record_known=None if c.record_id is None else c.record_id in records,
                record_heard=c.record_id in heard if c.record_id is not None and heard else None,
            ),
        ),
        voice=revised(findings.voice, judged),
    )


def _gaps(findings: Findings, clip: Clip) -> list[Gap]:
    """What was asked and not answered; damage to the file comes first."""
    cut = [Gap("decode", "partly", text) for text in partly(clip)]
    tags = told(findings.credentials, CredentialsFound()).tags
    unread = [] if tags.unreadable is None else [Gap("tags", "unread", tags.unreadable)]
    voice = findings.voice
    missed = "; ".join(voice.left_out) if isinstance(voice, VoiceFound) and voice.has_voice else ""
    uncompared = [Gap("artists", "uncompared", missed)] if missed else []
    answered = [Gap(name, said.outcome, said.reason) for name, said in findings.open.items()]
    return [*cut, *answered, *uncompared, *unread]


def _warnings(findings: Findings, clip: Clip) -> list[str]:
    warnings = [f"{name}: {said.told}" for name, said in findings.open.items()]
    if isinstance(findings.voice, VoiceFound):
        warnings.extend(f"voice: {text}" for text in findings.voice.left_out)
    tags = told(findings.credentials, CredentialsFound()).tags
    if tags.unreadable is not None:
        warnings.append(f"tags: {tags.unreadable}")
    warnings.extend(partly(clip))
    return [
        *warnings,
        *also_known_as(findings.ownership, told(findings.watermark, WatermarkFound()), findings.matches),
    ]


def partly(clip: Clip) -> list[str]:
    """What of the file's audio was not heard, and how the decoder knows."""
    source = clip.source
    missed = [f"{PARTLY}: {'; '.join(source.reasons)}" if source.reasons else PARTLY] * source.truncated
    if source.more_audio:
        tracks = "1 more audio track" if source.more_audio == 1 else f"{source.more_audio} more audio tracks"
        missed.append(f"the file holds {tracks}, and only the first was audited: audit each as its own file")
    return missed
