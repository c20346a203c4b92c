"""Whose a track is, by everything that the checks say together."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from api.audit.claims import OwnershipStatus
from api.report import words
from api.report.steps import steps
from api.report.words.meanings import MEANINGS
from core.errors import ProofError
from provenance.watermark import Detection
from provenance.watermark.marks import Mark
from tests import fakes
from tests.api.audit.asking import audit
from tests.fakes import OTHER, RECORD, Registry, credentials, marked, match


def test_mark_and_fingerprint_of_one_record_are_a_match() -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=marked())
    assert result.findings.ownership.status == "match"
    assert result.findings.ownership.record_id == RECORD
    assert result.to_dict()["watermark"]["record_id"] == RECORD
    assert result.decision.action == "accept"


def test_a_mark_on_other_audio_is_a_suspected_transplant() -> None:
    other = Registry({RECORD: fakes.claims(), OTHER: fakes.claims()}, matches=[match(OTHER)])
    result = audit(other, detection=marked())
    assert result.findings.ownership.status == "transplant_suspected"
    assert result.decision.action == "reject"


def test_a_fingerprint_without_a_mark_tells_of_a_removed_one() -> None:
    result = audit(Registry(matches=[match(RECORD)]))
    assert result.findings.ownership.status == "mark_removed_or_unmarked"
    assert result.decision.action == "review"


def test_a_failed_watermark_check_is_not_a_removed_mark() -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=RuntimeError("boom"))
    assert result.findings.ownership.status == "fingerprint_only"


def test_a_mark_without_enough_audio_to_compare_is_unconfirmed() -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=marked(), hashes=())
    assert result.findings.ownership.status == "mark_unconfirmed"
    assert result.findings.checks()["fingerprint"] == "inconclusive"


def test_a_mark_that_names_no_record_is_unknown() -> None:
    result = audit(Registry({}), detection=marked())
    assert result.findings.ownership.status == "unknown_mark"
    assert result.to_dict()["watermark"]["record_id"] is None


def test_a_record_that_does_not_verify_is_never_quoted() -> None:
    registry = Registry({RECORD: ProofError("the entry is not in the log")}, matches=[match(RECORD)])
    result = audit(registry, detection=marked())
    assert result.findings.ownership.status == "record_invalid"
    assert "not in the log" in result.findings.ownership.text
    assert "title" not in (result.findings.ownership.record or {})
    assert result.decision.action == "reject"


def test_credentials_alone_count_only_when_bound_and_trusted() -> None:
    good = credentials()
    assert audit(credentials=good).findings.ownership.status == "credentials_only"
    for broken in (replace(good, trusted=False), replace(good, valid=False, content_bound=False)):
        assert audit(credentials=broken).findings.ownership.status == "no_record"


def test_the_stamp_of_credentials_is_told_with_its_trust() -> None:
    good = credentials(stamped_at="2026-11-22T13:00:00.5+00:00", stamp_trusted=True)
    for found, said in (
        (good, "stamped 2026-11-22T13:00:00Z by a time-stamp authority that is trusted here"),
        (replace(good, stamp_trusted=False), "authority that is not trusted here"),
    ):
        told = {step["step"]: step for step in steps(audit(credentials=found))["steps"]}["credentials"]
        assert told["outcome"] == "ok" and said in told["text"]
    plain = {step["step"]: step for step in steps(audit(credentials=replace(good, stamped_at=None)))["steps"]}
    assert "stamped" not in plain["credentials"]["text"]


def test_changed_content_under_credentials_is_reviewed() -> None:
    broken = credentials(valid=False, content_bound=False)
    result = audit(credentials=broken)
    assert [rule.rule for rule in result.decision.rules] == ["credentials-tampered"]


def test_a_second_record_of_the_same_audio_is_told() -> None:
    registry = Registry(
        {RECORD: fakes.claims(), OTHER: fakes.claims()}, matches=[match(RECORD), match(OTHER)]
    )
    result = audit(registry, detection=marked())
    assert result.findings.ownership.status == "match"
    assert any(OTHER in warning for warning in result.warnings)


def test_two_owners_of_one_audio_are_a_dispute_and_the_log_says_who_came_first() -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    late = fakes.claims(first_index=3, logged_at="2026-11-22T12:00:00+00:00")
    early = fakes.claims(owners=else_, first_index=1, witnessed_at=1_700_000_000)
    registry = Registry({RECORD: late, OTHER: early}, matches=[match(RECORD), match(OTHER)])
    for detection in (marked(), fakes.unmarked()):
        found = audit(registry, detection=detection)
        assert (found.findings.ownership.status, found.findings.ownership.record_id) == ("disputed", OTHER)
        assert [claim.record_id for claim in found.findings.ownership.claims] == [OTHER, RECORD]
        assert (
            "entry 1 of the log, seen by a third party no later than 2023-11-14"
            in found.findings.ownership.text
        )
        assert [rule.rule for rule in found.decision.rules] == ["disputed"]
        assert not steps(found)["verified"]


def test_a_sample_a_reissue_and_a_withdrawn_claim_are_no_dispute() -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    sample = Registry(
        {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)},
        matches=[match(RECORD, matched_s=9.0), match(OTHER, matched_s=4.0)],
    )
    withdrawn = Registry(
        {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_, status="revoked")},
        matches=[match(RECORD), match(OTHER)],
    )
    for registry in (sample, withdrawn):
        assert audit(registry, detection=marked()).findings.ownership.status == "match"


def test_songs_end_to_end_are_no_dispute_but_their_owners_are_told() -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    known = {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)}
    first, second = match(RECORD, stretches=((0.0, 9.0),)), match(OTHER, stretches=((10.0, 19.0),))
    medley = audit(Registry(known, matches=[first, second]), detection=marked())
    assert medley.findings.ownership.status == "match"
    heard = [(track.record_id, track.where, track.of_others) for track in medley.findings.ownership.tracks]
    assert heard == [(RECORD, "0-9 s", False), (OTHER, "10-19 s", True)]
    assert [rule.rule for rule in medley.decision.rules] == ["holds-a-track-of-others"]
    assert medley.decision.action == "review"
    over = audit(Registry(known, matches=[first, match(OTHER, stretches=((4.0, 13.0),))]), detection=marked())
    assert over.findings.ownership.status == "disputed", "more than half of it is the same stretch"
    told = steps(medley)
    assert not told["verified"], "a file is verified as a whole"
    text = f"At 10-19 s the audio is that of record {OTHER}, “A Song”, whose owners are others."
    assert [step["text"] for step in told["steps"] if step["step"] == "another track"] == [text]
    assert "belongs to others" in told["explanation"]


def test_a_mash_up_of_two_marked_tracks_is_no_dispute_of_their_owners() -> None:
    """Both marks are read at once, and what carries a mark gets no second one: two recordings, mixed."""
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    known = {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)}
    registry = Registry(known, matches=[match(RECORD), match(OTHER)])
    both = tuple(Mark(bytes.fromhex(name), 0.0, 19.0, 1.0, 0.0, 1e-14, 0) for name in (RECORD, OTHER))
    mixed = audit(registry, detection=marked(marks=both))
    assert mixed.findings.ownership.status == "match"
    assert [rule.rule for rule in mixed.decision.rules] == ["holds-a-track-of-others"]
    assert mixed.warnings == (), "it is not the same audio that is registered twice"
    apart = (both[0], replace(both[1], start_s=30.0, end_s=40.0))
    for marks in (both[:1], apart):
        found = audit(registry, detection=marked(marks=marks))
        assert found.findings.ownership.status == "disputed"


@pytest.mark.parametrize("carries", [fakes.unmarked(), marked()])
def test_a_mash_up_is_no_dispute_where_other_peaks_speak_for_each_track(carries: Detection) -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    known = {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)}
    both = [match(RECORD, mixed_with=(OTHER,)), match(OTHER, mixed_with=(RECORD,))]
    mixed = audit(Registry(known, matches=both), detection=carries)
    assert mixed.findings.ownership.status != "disputed"
    assert "holds-a-track-of-others" in [rule.rule for rule in mixed.decision.rules]
    assert not [text for text in mixed.warnings if "also registered" in text]
    twice = audit(Registry(known, matches=[match(RECORD), match(OTHER)]), detection=carries)
    assert twice.findings.ownership.status == "disputed"


@pytest.mark.parametrize(
    ("beside", "told"),
    [
        (
            {"matches": [match(RECORD, stretches=((0.0, 9.0),)), match(OTHER, stretches=((10.0, 19.0),))]},
            "revoked",
        ),
        ({"matches": [match(RECORD)], "messages": (RECORD, OTHER)}, "another mark, of record"),
        (
            {"matches": [match(RECORD)], "messages": (RECORD, "ab" * 8)},
            "that no record of this registry explains",
        ),
    ],
)
def test_a_file_that_holds_what_cannot_be_relied_on_is_not_verified(
    beside: dict[str, Any], told: str
) -> None:
    registry = Registry({RECORD: fakes.claims(), OTHER: fakes.claims(status="revoked")}, beside["matches"])
    names = beside.get("messages", (RECORD,))
    marks = tuple(
        Mark(bytes.fromhex(name), 9.0 * n, 9.0 * n + 9.0, 1.0, 0.0, 1e-14, 0) for n, name in enumerate(names)
    )
    found = steps(audit(registry, detection=marked(marks=marks)))
    assert (found["status"], found["verified"]) == ("match", False)
    assert told in " ".join(step["text"] for step in found["steps"] if step["outcome"] == "failed")


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"hashes": ()}, "the audio has no peaks to compare"),
        ({"hashes": RuntimeError("boom")}, "the check failed: RuntimeError: boom"),
        ({"checks": ("watermark",)}, "the check was not asked for"),
    ],
)
def test_an_unconfirmed_mark_gives_the_true_reason(answers: dict[str, Any], reason: str) -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=marked(), **answers)
    assert result.findings.ownership.status == "mark_unconfirmed"
    assert reason in result.findings.ownership.text


def test_only_a_track_that_was_marked_can_have_lost_its_mark() -> None:
    for was_marked, said in ((True, "lost its mark"), (False, "does not say that the track was ever marked")):
        registry = Registry({RECORD: fakes.claims(marked=was_marked)}, matches=[match(RECORD)])
        result = audit(registry)
        assert said in result.findings.ownership.text
        assert "removed" not in result.findings.ownership.text
        assert result.decision.rules[0].text == result.findings.ownership.text


@pytest.mark.parametrize(
    ("issuer", "said"), [("a label", "the name of an owner"), ("Nobody", "That is no owner on the record")]
)
def test_a_revocation_names_who_said_it(issuer: str, said: str) -> None:
    statement = {"type": "revoke", "issuer": issuer, "reason": "sold", "keyid": "cd" * 32}
    record = fakes.claims(status="revoked", statements=[statement])
    text = audit(Registry({RECORD: record}, matches=[match(RECORD)])).findings.ownership.text
    assert f"in the name of {issuer} (sold), signed by key {'cd' * 8}" in text
    assert said in text
    assert "has withdrawn" not in text


@pytest.mark.parametrize(
    ("status", "verdict"), [("disputed", "disputed"), ("revoked", "record_revoked"), ("evidenced", "match")]
)
def test_the_state_of_a_record_decides(status: str, verdict: str) -> None:
    registry = Registry({RECORD: fakes.claims(status=status)}, matches=[match(RECORD)])
    assert audit(registry, detection=marked()).findings.ownership.status == verdict


def test_every_verdict_is_explained_in_plain_words() -> None:
    assert set(MEANINGS) == set(get_args(OwnershipStatus))
    found = steps(audit(Registry(matches=[match(RECORD)]), detection=marked()))
    assert (found["verified"], found["explanation"]) == (True, MEANINGS["match"])


def test_a_log_that_has_signed_nothing_yet_proves_no_place() -> None:
    found = {
        signed: audit(Registry({RECORD: fakes.claims(**known)}, matches=[match(RECORD)]), detection=marked())
        for signed, known in ((True, {"log_signed": True}), (None, {}), (False, {"log_signed": False}))
    }
    told = {signed: steps(result) for signed, result in found.items()}
    proofs = {
        signed: {step["step"]: step for step in each["steps"]}["log proof"] for signed, each in told.items()
    }
    assert [told[signed]["verified"] for signed in (True, None, False)] == [True, True, False]
    assert proofs[True]["text"].endswith("under a signed checkpoint") and proofs[True] == proofs[None]
    assert proofs[False]["outcome"] == "not_checked" and "signed no checkpoint" in proofs[False]["text"]
    assert [rule.rule for rule in found[False].decision.rules] == ["log-unsigned"]
    assert "signed no checkpoint" in words.claim(found[False].to_dict()["ownership"]["record"])
    assert found[True].decision.action == found[None].decision.action == "accept"
