"""The tagging pipeline, with a watermark that remembers instead of listening."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from core.clip import Clip
from core.decode import decode
from core.encode import encode
from core.errors import AudioTooLarge, EncodeError, RecordError, UnreadableAudio, WatermarkError
from core.limits import DEFAULT_LIMITS, Limits
from provenance.credentials import C2paIdentity, read_credentials
from provenance.credentials.manifest import SOFT_BINDING_ALG
from provenance.credentials.sidecar import manifest_id
from provenance.declaration import Declaration, draft_record, parse_generator
from provenance.description import pcm_sha256
from provenance.fingerprint import Fingerprint, Match
from provenance.records.keys import Ed25519Signer
from provenance.records.record import OwnershipRecord
from provenance.records.rights import VoiceConsent
from provenance.tag import snr_db, tag
from provenance.watermark import Detection
from tests.fakes import Part, marked, match, unmarked
from tests.signals import music

IDENTITY = C2paIdentity.generate("Trackmark tests")
SONG = Declaration("A Song", "A Label", "US-RC1-76-07839", "none")


@dataclass
class Ledger:
    """A registry that keeps what it is told."""

    signer: Ed25519Signer = field(default_factory=Ed25519Signer.generate)
    matches: list[Match] = field(default_factory=list)
    registered: list[tuple[OwnershipRecord, Fingerprint]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    sounds: dict[str, str] = field(default_factory=dict)
    isrcs: dict[str, str] = field(default_factory=dict)
    refuse: Exception | None = None
    limits: Limits = DEFAULT_LIMITS

    def watermark_key(self) -> Any:
        return SimpleNamespace(epoch=0)

    def record_signer(self) -> Ed25519Signer:
        return self.signer

    def c2pa_identity(self) -> C2paIdentity:
        return IDENTITY

    def fingerprint_index(self) -> Any:
        return SimpleNamespace(query=lambda _fp: self.matches)

    def register(self, record: OwnershipRecord, fingerprint: Fingerprint) -> Any:
        if self.refuse is not None:
            raise self.refuse
        self.registered.append((record, fingerprint))
        return SimpleNamespace(leaf_index=len(self.registered) - 1)

    def stating(self, isrc: str) -> list[str]:
        return [one for one, stated in self.isrcs.items() if stated == isrc]

    def checkpoint(self) -> str:
        return "example.invalid/log\n1\nroot\n"

    def keep_manifest(self, record_id: str, store: bytes) -> None:
        assert record_id in {record.record_id for record, _ in self.registered}
        self.manifests[record_id] = store

    def add_file(self, record_id: str, sha256: str) -> None:
        self.files[sha256] = record_id

    def heard(self, record_id: str, clip: Clip) -> None:
        assert record_id in self.files.values(), "only of a track that is finished"
        self.sounds[record_id] = pcm_sha256(clip.wav, clip.sample_rate)


@dataclass
class Remembering:
    """A watermark that changes the audio a little and remembers its message, if it `reads` it."""

    message: bytes | None = None
    reads: bool = True

    def embed(self, wav: Tensor, _rate: int, message: bytes, _key: Any, *, strength: float) -> Tensor:
        self.message = message if self.reads else None
        return wav * (1 + 0.001 * strength)

    def detect(
        self, _wav: Tensor, _rate: int, _key: Any, *, exhaustive: bool = False, known: Any = ()
    ) -> Detection:
        return unmarked() if self.message is None else marked(self.message.hex())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.wav"
    encode(music(3.0, 44_100, 2), 44_100, path, codec="wav")
    return path


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a"])
def test_a_tagged_file_carries_credentials_of_its_record(source: Path, tmp_path: Path, suffix: str) -> None:
    ledger, out = Ledger(), tmp_path / f"out{suffix}"
    done = tag(source, out, SONG, ledger=ledger, marker=Remembering())
    record, fingerprint = ledger.registered[0]
    assert record.record_id == done.record_id == record.marks[0].message
    assert record.asset.isrc == "USRC17607839"
    assert record.ai_involvement.overall == "None"
    assert len(fingerprint.hashes) > 0
    heard = decode(out)
    assert record.asset.sha256_pcm == done.sha256_pcm == pcm_sha256(heard.wav, heard.sample_rate)
    assert ledger.sounds == {done.record_id: done.sha256_pcm}
    assert ledger.files == {heard.source.sha256: done.record_id}
    assert heard.source.sha256 not in record.asset.sha256_files, "a file cannot name its own hash"
    found = read_credentials(out, [IDENTITY.trust_anchor])
    assert found.valid
    assert found.trusted
    assert found.record_id == done.record_id
    assert found.record_sha256 == record.digest()


def test_a_container_without_credentials_says_so(source: Path, tmp_path: Path) -> None:
    done = tag(source, tmp_path / "out.opus", SONG, ledger=Ledger(), marker=Remembering())
    assert not done.credentials
    assert any("in out.c2pa" in warning for warning in done.warnings)
    found = read_credentials(done.path, [IDENTITY.trust_anchor])
    assert (found.trusted, found.content_bound, found.record_id) == (True, True, done.record_id)
    assert decode(done.path).source.codec == "opus"


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (lambda: {"marker": Remembering(reads=False)}, WatermarkError),
        (lambda: {"marker": Remembering(b"\x01" * 8)}, WatermarkError),
        (lambda: {"ledger": Ledger(refuse=RecordError("no"))}, RecordError),
    ],
)
def test_nothing_is_left_behind_when_a_step_fails(
    source: Path, tmp_path: Path, broken: Callable[[], dict[str, Any]], error: type[Exception]
) -> None:
    options: dict[str, Any] = {"ledger": Ledger(), "marker": Remembering(), **broken()}
    out = tmp_path / "out.flac"
    out.write_bytes(b"precious")
    with pytest.raises(error) as told:
        tag(source, out, SONG, overwrite=True, **options)
    assert "--" not in str(told.value) and "out." not in str(told.value)  # clients of a server read it, too
    assert out.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.wav", "out.flac"]
    assert options["ledger"].registered == []


def test_a_broken_declaration_is_refused_before_any_work(source: Path, tmp_path: Path) -> None:
    never = Part(AssertionError("nothing is marked, nothing is looked for"))
    for wrong in (Declaration("", "Label"), Declaration("T", "L", isrc="nonsense")):
        with pytest.raises(RecordError):
            tag(source, tmp_path / "out.wav", wrong, ledger=Ledger(), marker=never)
    with pytest.raises(EncodeError, match="end its name"):
        tag(source, tmp_path / "out.xyz", SONG, ledger=Ledger(), marker=never)
    with pytest.raises(EncodeError, match="cannot write"):
        tag(source, tmp_path / "none" / "out.wav", SONG, ledger=Ledger(), marker=Remembering())


def test_an_unreadable_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.mp3").write_bytes(b"la la la" * 100)
    with pytest.raises(UnreadableAudio):
        tag(tmp_path / "in.mp3", tmp_path / "out.wav", SONG, ledger=Ledger(), marker=Remembering())


def test_earlier_records_of_the_same_audio_are_told(source: Path, tmp_path: Path) -> None:
    ledger = Ledger(matches=[match("1122334455667788")])
    done = tag(source, tmp_path / "out.wav", SONG, ledger=ledger, marker=Remembering())
    assert any("1122334455667788" in warning for warning in done.warnings)


def test_records_that_state_the_same_isrc_are_told_once(source: Path, tmp_path: Path) -> None:
    alike, other, foreign = "1122334455667788", "99aabbccddeeff00", "00" * 8
    stated = {alike: "USRC17607839", other: "USRC17607839", foreign: "GBAYE0000001"}
    ledger = Ledger(matches=[match(alike)], isrcs=stated)
    done = tag(source, tmp_path / "out.wav", SONG, ledger=ledger, marker=Remembering())
    told = " ".join(done.warnings)
    assert (told.count(alike), told.count(other), told.count(foreign)) == (1, 1, 0)
    assert f"record {other} states ISRC USRC17607839, too" in told
    nameless = Declaration("A Song", "A Label")
    again = tag(source, tmp_path / "none.wav", nameless, ledger=Ledger(isrcs=stated), marker=Remembering())
    assert not any("ISRC" in warning for warning in again.warnings)


@pytest.mark.parametrize("suffix", [".flac", ".opus"])
def test_a_source_whose_credentials_name_a_record_is_told(source: Path, tmp_path: Path, suffix: str) -> None:
    """Whoever tags what somebody else tagged before learns it, though no other tenant's records are known."""
    first = tag(source, tmp_path / "first.wav", SONG, ledger=Ledger(), marker=Remembering())
    again = tag(first.path, tmp_path / f"again{suffix}", SONG, ledger=Ledger(), marker=Remembering())
    assert [first.record_id in warning for warning in again.warnings].count(True) == 1
    assert not any("content credentials" in warning for warning in first.warnings)


def test_generated_audio_declares_its_generator(tmp_path: Path) -> None:
    from core.clip import Clip, Source

    wav = music(3.0, 32_000, 1)
    clip = Clip(wav, 32_000, Source("generated", "0" * 64, 0, "none", "none"))
    declaration = Declaration(
        "G", "L", generation=parse_generator("Meta/MusicGen 1.3"), basis="generated_here"
    )
    ledger = Ledger()
    tag(clip, tmp_path / "out.mp3", declaration, ledger=ledger, marker=Remembering())
    record = ledger.registered[0][0]
    assert record.ai_involvement.overall == "All", "a generated track is AI unless it says otherwise"
    assert record.generation is not None
    assert record.generation.provider == "Meta"
    found = read_credentials(tmp_path / "out.mp3")
    assert found.digital_source_type == "trainedAlgorithmicMedia"


def test_consents_are_kept_under_the_artist_s_name(source: Path, tmp_path: Path) -> None:
    consent = VoiceConsent("Ada", "one album", "L-1", "ab" * 32, "2026-01-01T00:00:00Z")
    ledger = Ledger()
    declaration = Declaration("T", "L", voice_consents=(consent,))
    tag(source, tmp_path / "out.wav", declaration, ledger=ledger, marker=Remembering())
    record = ledger.registered[0][0]
    names = {party.ref: party.name for party in record.parties}
    assert names[record.voice_consents[0].artist] == "Ada"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("MusicGen 1.3", ("undeclared", "MusicGen", "1.3")),
        ("Meta/MusicGen 1.3", ("Meta", "MusicGen", "1.3")),
        ("Stable Audio Open", ("undeclared", "Stable Audio Open", "undeclared")),
        ("Suno v5", ("undeclared", "Suno", "v5")),
        ("Suno", ("undeclared", "Suno", "undeclared")),
    ],
)
def test_generators_are_read_as_written(text: str, parts: tuple[str, str, str]) -> None:
    found = parse_generator(text)
    assert (found.provider, found.system, found.system_version) == parts


def test_the_digest_of_samples_knows_rate_and_channels() -> None:
    wav = music(0.2, 8_000, 1)
    digests = {
        pcm_sha256(wav, 8_000),
        pcm_sha256(wav, 16_000),
        pcm_sha256(wav[:1], 8_000),
        pcm_sha256(wav.flip(0), 8_000),
        pcm_sha256(wav + 2**-23, 8_000),
    }
    assert len(digests) == 5
    steps = torch.round(wav * 2**23) / 2**23
    assert pcm_sha256(steps + 2**-26, 8_000) == pcm_sha256(steps, 8_000), "less than half a step of 24 bits"


def test_snr_of_a_known_mark() -> None:
    wav = music(1.0, 8_000, 1)
    assert snr_db(wav, wav * 1.01) == pytest.approx(40.0, abs=1e-3)
    with pytest.raises(WatermarkError):
        snr_db(wav, wav)


def test_record_and_credentials_name_one_watermark_algorithm(tmp_path: Path, source: Path) -> None:
    ledger = Ledger()
    tag(source, tmp_path / "out.wav", SONG, ledger=ledger, marker=Remembering())
    ((record, _fingerprint),) = ledger.registered
    assert [mark.alg for mark in record.marks] == [SOFT_BINDING_ALG]
    assert read_credentials(tmp_path / "out.wav").soft_binding == record.marks[0].message


def test_the_manifest_is_handed_over_once_the_record_stands(tmp_path: Path, source: Path) -> None:
    ledger = Ledger()
    done = tag(source, tmp_path / "out.flac", SONG, ledger=ledger, marker=Remembering())
    assert list(ledger.manifests) == [done.record_id]
    assert manifest_id(ledger.manifests[done.record_id]).startswith("urn:c2pa:")
    refusing = Ledger(refuse=RuntimeError("full"))
    with pytest.raises(RuntimeError):
        tag(source, tmp_path / "no.ogg", SONG, ledger=refusing, marker=Remembering())
    assert refusing.manifests == {}
    assert not list(tmp_path.glob("no.*"))


def test_a_repeated_job_keeps_its_record(tmp_path: Path, source: Path) -> None:
    done = tag(
        source,
        tmp_path / "out.wav",
        SONG,
        ledger=Ledger(),
        marker=Remembering(),
        record_id="00112233445566ff",
    )
    assert done.record_id == "00112233445566ff"
    assert done.to_dict()["record_id"] == done.record_id


def test_the_ledger_s_limits_hold(tmp_path: Path, source: Path) -> None:
    with pytest.raises(AudioTooLarge):
        tag(
            source,
            tmp_path / "out.wav",
            SONG,
            ledger=Ledger(limits=Limits().lasting(2.0)),
            marker=Remembering(),
        )


def test_an_error_of_the_ledger_is_not_told_as_one_of_the_output(tmp_path: Path, source: Path) -> None:
    with pytest.raises(OSError, match="index") as caught:
        tag(
            source,
            tmp_path / "out.wav",
            SONG,
            ledger=Ledger(refuse=OSError(28, "no room for the index")),
            marker=Remembering(),
        )
    assert not isinstance(caught.value, EncodeError)
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


@pytest.mark.parametrize(("ai", "said"), [("partly", "altered"), ("all", "created"), (None, "created")])
def test_one_reading_of_a_declaration_as_written(ai: str | None, said: str) -> None:
    stated = Declaration.parse("T", "L", ai=ai, generator="Meta/MusicGen 1.3")
    assert stated.generation is not None
    assert (stated.generation.created_or_altered, stated.ai) == (said, ai)
    assert Declaration.parse("T", "L", generator="").generation is None


def test_names_as_a_file_system_writes_them_are_names_that_a_record_holds() -> None:
    stated = Declaration.parse("Cafe\u0301", "Zoe\u0308", generator="E\u0301cole/Chant 1")
    assert (stated.title, stated.owner) == ("Caf\u00e9", "Zo\u00eb")
    record = draft_record("0" * 16, stated, "0" * 64)
    assert record.generation is not None and record.generation.provider == "\u00c9cole"
