"""Content credentials in each container: intact, altered, re-tagged, re-encoded, hostile."""

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import c2pa
import pytest
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TIT2
from mutagen.mp4 import MP4

from core.encode import encode
from core.errors import CredentialsError
from provenance.credentials import (
    C2paIdentity,
    Credentials,
    read_credentials,
    riff,
    write_credentials,
)
from provenance.credentials.containers import sniff
from provenance.credentials.own_tags import OwnTags
from provenance.credentials.reader_child import validate
from provenance.records.involvement import AiInvolvement
from tests.provenance.credentials.signing import ANCHORS, CODECS, IDENTITY, RECORD, packets
from tests.signals import music

each = pytest.mark.parametrize("name", CODECS)


def validated(path: Path, trust_anchors: Sequence[str] = ANCHORS) -> Credentials:
    """What `read_credentials` returns, without the second that a locked process takes to start."""
    container = sniff(path)
    assert container is not None
    return validate(path, container.media_type, trust_anchors)


def flipped(path: Path, target: Path, place: int) -> Path:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    target.write_bytes(data)
    return target


@each
def test_credentials_hold_and_name_the_record(signed: dict[str, Path], name: str) -> None:
    found = read_credentials(signed[name], ANCHORS)
    assert found.tags.says_ai and found.tags.record_id == RECORD.record_id
    assert dataclasses.replace(found, tags=OwnTags()) == Credentials(
        present=True,
        signature_valid=True,
        content_bound=True,
        trusted=True,
        valid=True,
        signer="Test Label",
        digital_source_type="trainedAlgorithmicMedia",
        record_id=RECORD.record_id,
        record_sha256=RECORD.digest(),
        soft_binding=RECORD.record_id,
        log_origin="example.com/log",
    )


@each
def test_the_audio_itself_is_not_touched(plain: dict[str, Path], signed: dict[str, Path], name: str) -> None:
    assert packets(signed[name]) == packets(plain[name])


@each
def test_owners_and_shares_stay_out_of_the_file(signed: dict[str, Path], name: str) -> None:
    assert b"Secret Owner" not in signed[name].read_bytes()


@each
def test_one_flipped_audio_bit_breaks_the_binding_only(
    signed: dict[str, Path], name: str, tmp_path: Path
) -> None:
    data = signed[name].read_bytes()
    place = data.index(max(packets(signed[name])[1:-1], key=len)[:64]) + 40
    found = validated(flipped(signed[name], tmp_path / signed[name].name, place))
    assert (found.signature_valid, found.content_bound, found.trusted, found.valid) == (
        True,
        False,
        True,
        False,
    )
    assert found.record_id == RECORD.record_id
    assert any("Hash.mismatch" in problem for problem in found.problems)


@each
def test_an_altered_assertion_is_not_believed(signed: dict[str, Path], name: str, tmp_path: Path) -> None:
    data = signed[name].read_bytes()
    place = data.index(RECORD.digest().encode(), data.index(b"org.trackmark.ownership"))
    found = validated(flipped(signed[name], tmp_path / signed[name].name, place))
    assert found.present
    assert (found.valid, found.record_id, found.record_sha256) == (False, None, None)


@each
def test_an_altered_claim_breaks_the_signature(signed: dict[str, Path], name: str, tmp_path: Path) -> None:
    data = signed[name].read_bytes()
    place = data.index(b"Trackmark", data.index(b"claim_generator_info"))
    found = validated(flipped(signed[name], tmp_path / signed[name].name, place))
    assert (found.present, found.signature_valid, found.valid, found.record_id) == (True, False, False, None)


@each
def test_a_stranger_s_signature_is_valid_but_not_trusted(signed: dict[str, Path], name: str) -> None:
    for anchors in ([], [C2paIdentity.generate("Test Label").trust_anchor]):
        found = validated(signed[name], anchors)
        assert (found.signature_valid, found.content_bound, found.trusted, found.valid) == (
            True,
            True,
            False,
            True,
        )
        assert found.problems == ("signingCredential.untrusted",)


def test_trust_anchors_can_be_added(signed: dict[str, Path]) -> None:
    others = [C2paIdentity.generate(f"Label {i}").trust_anchor for i in range(3)]
    assert validated(signed["wav"], [*others, *ANCHORS]).trusted


def retitle(path: Path) -> None:
    """Edit a tag as any tag editor would."""
    if path.suffix == ".wav":
        riff.append(path, [(b"LIST", riff.info_list({b"INAM": "Stolen"}))])
    elif path.suffix == ".mp3":
        tags = ID3(path)
        tags.setall("TIT2", [TIT2(encoding=3, text=["Stolen"])])
        tags.save(path)
    else:
        audio = FLAC(path) if path.suffix == ".flac" else MP4(path)
        audio["title" if path.suffix == ".flac" else "\xa9nam"] = ["Stolen"]
        audio.save()


@each
def test_a_tag_edit_after_signing_breaks_the_binding(
    signed: dict[str, Path], name: str, tmp_path: Path
) -> None:
    path = tmp_path / signed[name].name
    path.write_bytes(signed[name].read_bytes())
    retitle(path)
    found = validated(path)
    assert (found.present, found.content_bound, found.valid) == (True, False, False)


@each
def test_re_encoding_loses_the_credentials(signed: dict[str, Path], name: str, tmp_path: Path) -> None:
    from core.decode import decode

    clip = decode(signed[name])
    path = tmp_path / "again.mp3"
    encode(clip.wav, clip.sample_rate, path, codec="mp3", bit_rate=64_000)
    assert read_credentials(path, ANCHORS) == Credentials(present=False)


@each
def test_a_file_without_credentials_says_so(plain: dict[str, Path], name: str) -> None:
    assert read_credentials(plain[name], ANCHORS) == Credentials(present=False)


@each
def test_a_manifest_copied_onto_other_audio_does_not_bind(
    name: str, signed: dict[str, Path], tmp_path: Path
) -> None:
    encode(music(2, 44_100, 9), 44_100, tmp_path / f"other.{name}", codec=CODECS[name])
    write_credentials(tmp_path / f"other.{name}", tmp_path / f"other2.{name}", RECORD, IDENTITY)
    victim = (tmp_path / f"other2.{name}").read_bytes()
    donor = signed[name].read_bytes()
    # Put a packet of other audio in the place of the signed one: the manifest is the donor's, whole.
    mine, theirs = packets(signed[name])[3], packets(tmp_path / f"other2.{name}")[3]
    assert theirs in victim
    forged = donor.replace(mine, theirs[: len(mine)].ljust(len(mine), b"\0"))
    assert forged != donor
    path = tmp_path / f"forged.{name}"
    path.write_bytes(forged)
    found = validated(path)
    assert (found.present, found.content_bound, found.valid) == (True, False, False)


def manifest(path: Path, media_type: str) -> dict[str, Any]:

    from provenance.credentials.library import settings

    with path.open("rb") as file, c2pa.Context.from_dict(settings(ANCHORS)) as context:
        report = json.loads(c2pa.Reader(media_type, file, context=context).json())
    found: dict[str, Any] = report["manifests"][report["active_manifest"]]
    return found


def test_the_manifest_keeps_the_rules_of_the_conformance_rubric(signed: dict[str, Path]) -> None:
    content = manifest(signed["wav"], "audio/wav")
    assertions = {item["label"]: item for item in content["assertions"]}
    actions = assertions["c2pa.actions.v2"]["data"]
    assert content["claim_generator_info"][0]["specVersion"] == "2.4.0"
    assert content["label"].startswith("urn:c2pa:")
    assert content["assertions"][0]["label"] == "c2pa.actions.v2"
    assert actions["allActionsIncluded"] is True
    assert [item["action"] for item in actions["actions"]] == ["c2pa.created", "c2pa.watermarked.bound"]
    assert actions["actions"][0]["softwareAgent"] == {"name": "MusicGen musicgen-small", "version": "1.3"}
    assert all(item["created"] for item in content["assertions"])
    assert not [label for label in assertions if label.startswith("stds.") or "." not in label]
    assert assertions["c2pa.soft-binding"]["data"]["alg"] == "org.trackmark.chip.1"
    assert assertions["c2pa.ai-disclosure"]["data"]["modelName"] == "musicgen-small"
    assert assertions["cawg.training-mining"]["data"]["entries"]["cawg.ai_training"] == {"use": "notAllowed"}


@pytest.mark.parametrize(
    ("overall", "source_type", "first"),
    [
        ("Partly", "compositeWithTrainedAlgorithmicMedia", "c2pa.created"),
        ("None", "digitalCreation", "c2pa.created"),
        ("Undeclared", None, "c2pa.opened"),
    ],
)
def test_the_source_type_follows_the_declared_involvement(
    plain: dict[str, Path], tmp_path: Path, overall: str, source_type: str | None, first: str
) -> None:
    record = dataclasses.replace(RECORD, ai_involvement=AiInvolvement(overall), generation=None)
    path = tmp_path / "song.flac"
    write_credentials(plain["flac"], path, record, IDENTITY)
    found = validated(path)
    assert found.valid
    assert found.digital_source_type == source_type
    content = manifest(path, "audio/flac")
    labels = Counter(item["label"] for item in content["assertions"])
    assert labels["c2pa.ai-disclosure"] == (1 if overall == "Partly" else 0)
    actions = next(i["data"]["actions"] for i in content["assertions"] if i["label"] == "c2pa.actions.v2")
    assert actions[0]["action"] == first


def test_credentials_that_a_file_had_are_kept_as_its_parent_s(
    signed: dict[str, Path], plain: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "remastered.wav"
    record = dataclasses.replace(RECORD, record_id="ffeeddccbbaa9988")
    write_credentials(plain["wav"], path, record, IDENTITY, parent=signed["mp3"])
    found = validated(path)
    assert (found.valid, found.trusted, found.record_id) == (True, True, "ffeeddccbbaa9988")
    ingredient = manifest(path, "audio/wav")["ingredients"][0]
    assert ingredient["relationship"] == "parentOf"
    assert ingredient["active_manifest"].startswith("urn:c2pa:")


def test_signing_again_in_place_replaces_the_credentials(plain: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(plain["mp3"].read_bytes())
    write_credentials(path, path, RECORD, IDENTITY)
    assert validated(path).record_id == RECORD.record_id
    assert [item.name for item in tmp_path.iterdir()] == ["song.mp3"]


def test_other_containers_are_refused_and_leave_nothing_behind(tmp_path: Path) -> None:
    encode(music(1, 48_000, 1), 48_000, tmp_path / "a.ogg", codec="opus")
    (tmp_path / "b.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE" + b"data\xff\xff\xff\xff")
    (tmp_path / "c.mp3").write_bytes(b"")
    for source in ("a.ogg", "b.wav", "c.mp3", "missing.wav"):
        with pytest.raises(CredentialsError):
            write_credentials(tmp_path / source, tmp_path / "out", RECORD, IDENTITY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ogg", "b.wav", "c.mp3"]
    encode(music(1, 44_100, 1), 44_100, tmp_path / "d.wav", codec="wav")
    with pytest.raises(CredentialsError, match="cannot write"):
        write_credentials(tmp_path / "d.wav", tmp_path / "no folder" / "out.wav", RECORD, IDENTITY)
    with pytest.raises(CredentialsError, match="parent"):
        write_credentials(tmp_path / "d.wav", tmp_path / "out", RECORD, IDENTITY, parent=tmp_path / "a.ogg")
    assert not read_credentials(tmp_path / "a.ogg").present
