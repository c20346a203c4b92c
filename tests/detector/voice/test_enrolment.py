"""What is refused when an artist is enrolled, each with its own stable reason."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from core.clip import Clip
from core.encode import recode
from core.resample import resample
from detector.voice import VoiceDetector, fusion
from detector.voice.detector import SUSPECTED
from detector.voice.encoder import Ge2eEncoder
from detector.voice.enrolment import different, two_voices
from detector.voice.errors import EnrolmentError
from detector.voice.frontend import SAMPLE_RATE, mono
from tests.detector.voice.made_up import ADA, BOB, SOURCE, fake, take
from tests.signals import music, noise, silence

LONG = 12 * SAMPLE_RATE


def named(wav: Tensor, name: str, sample_rate: int = SAMPLE_RATE) -> Clip:
    return Clip(wav, sample_rate, replace(SOURCE, name=name))


def refused(detector: VoiceDetector, *clips: Clip) -> EnrolmentError:
    with pytest.raises(EnrolmentError) as refusal:
        detector.enrol(clips)
    return refusal.value


def tuneful(seed: int = 1, seconds: float = 12.0) -> Tensor:
    return music(seconds, SAMPLE_RATE, seed=seed)[:1]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (silence(12, SAMPLE_RATE), "silent"),
        (tuneful() * 20, None),
        ((tuneful() * 20).clamp(-1, 1), "clipped"),
        ((tuneful() * 20).clamp(-1, 1) * 0.01, "clipped"),
        (resample(resample(tuneful(), SAMPLE_RATE, 8000), 8000, SAMPLE_RATE), "telephone-band"),
        (tuneful(seconds=2.0), "too-short"),
    ],
    ids=["silent", "loud", "clipped", "clipped and turned down", "telephone", "too short"],
)
def test_a_bad_file_is_named_with_its_reason(bad: Tensor, reason: str | None) -> None:
    good = named(take(ADA, 1), "good.wav")
    if reason is None:
        assert fake().enrol([good, named(bad, "bad.wav")]).voice_s > 20
        return
    error = refused(fake(), good, named(bad, "bad.wav"))
    assert error.reason == reason and "bad.wav" in str(error) and "good.wav" not in str(error)


@pytest.mark.parametrize(
    ("wav", "reason"),
    [
        (noise(12, SAMPLE_RATE), "noise"),
        (tuneful(), "instrumental"),
        (noise(2, SAMPLE_RATE), "too-short"),
        (noise(2, SAMPLE_RATE)[:, :1], "too-short"),
    ],
    ids=["noise", "music", "two seconds", "one sample"],
)
def test_where_nobody_is_heard_it_is_told_what_was(wav: Tensor, reason: str) -> None:
    assert refused(fake(until_s=0.0), named(wav, "bad.wav")).reason == reason


def test_an_instrumental_without_highs_is_no_telephone() -> None:
    dark = resample(resample(tuneful(), SAMPLE_RATE, 8000), 8000, SAMPLE_RATE)
    assert refused(fake(until_s=0.0), named(dark, "piano.wav")).reason == "instrumental"


def test_a_copy_never_stands_for_the_artist() -> None:
    limit = fusion.suspicious_llr(SUSPECTED)
    assert fusion.posterior(limit, 50.0).clone == pytest.approx(SUSPECTED)
    for llr, passes in ((limit - 0.01, True), (limit, False), (4.0, False)):
        detector = fake(llr_syn=llr)
        detector.most_synthetic = limit
        if passes:
            detector.enrol([named(ADA, "a.wav"), named(take(ADA, 1), "b.wav")])
        else:
            assert refused(detector, named(ADA, "a.wav")).reason == "synthetic"


def test_a_file_unlike_all_others_is_named() -> None:
    hers = [named(take(ADA, number), f"{number}.wav") for number in range(3)]
    error = refused(fake(), *hers[:2], named(BOB, "other.wav"), hers[2])
    assert error.reason == "outlier-file" and "other.wav" in str(error)


def test_two_files_of_two_people_are_two_voices() -> None:
    for files in ([ADA, BOB], [ADA, ADA, BOB, BOB], [ADA, BOB, ADA, BOB, ADA]):
        clips = [named(take(wav, number), f"{number}.wav") for number, wav in enumerate(files)]
        assert refused(fake(), *clips).reason == "two-voices"


NOTHING = torch.zeros(4)


@pytest.mark.parametrize(("of_bob", "two"), [(0, False), (1, False), (2, True), (5, True), (9, False)])
def test_two_people_in_one_file_are_told_by_their_stretches(of_bob: int, two: bool) -> None:
    rows = torch.eye(4)[[1] * of_bob + [0] * (10 - of_bob)] + 0.1
    assert two_voices(torch.nn.functional.normalize(rows, dim=1), NOTHING) is two


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch does not type it
    """Notes the most numbers that a tensor made meanwhile holds."""

    most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.most = max(self.most, made.numel())
        return made


def test_hours_of_voice_are_parted_some_stretches_at_a_time() -> None:
    rows = torch.nn.functional.normalize(torch.eye(4)[[0, 0, 1] * 2000] + 0.1, dim=1)
    with Largest() as seen:  # type: ignore[no-untyped-call]
        assert two_voices(rows, NOTHING)
    assert seen.most <= 1_000_000


def test_two_people_in_turn_are_two_voices() -> None:
    rows = torch.eye(4)[[0, 1] * 6] + 0.1
    assert two_voices(torch.nn.functional.normalize(rows, dim=1), NOTHING)


def test_two_who_are_rather_alike_are_told_apart_one_after_the_other_only() -> None:
    alike = torch.tensor([0.28, 0.96, 0.0, 0.0])
    rows = torch.stack([torch.eye(4)[0]] * 6 + [alike] * 6)
    assert two_voices(rows, NOTHING) and not two_voices(rows[[0, 6] * 6], NOTHING)


def test_what_all_voices_share_hides_nobody() -> None:
    common = 3 * torch.ones(4)
    rows = torch.nn.functional.normalize(torch.eye(4)[[0] * 5 + [1] * 5] + common, dim=1)
    assert float(rows[0] @ rows[-1]) > 0.9
    assert two_voices(rows, rows.mean(0)) and not two_voices(rows, NOTHING)


def test_one_person_s_variety_is_one_voice() -> None:
    generator = torch.Generator().manual_seed(1)
    rows = torch.ones(40, 64) + 0.6 * torch.randn(40, 64, generator=generator)
    assert not two_voices(torch.nn.functional.normalize(rows, dim=1), torch.zeros(64))


def test_no_recording_at_all_and_too_little_in_all() -> None:
    assert refused(fake()).reason == "no-recording"
    assert refused(fake(until_s=4.0), named(ADA, "a.wav"), named(take(ADA, 1), "b.wav")).reason == "too-short"


@pytest.mark.parametrize("files", [(0, 0), (0, 1, 0), (1, 0, 2, 2)])
def test_one_recording_given_twice_is_no_second_one(files: tuple[int, ...]) -> None:
    clips = [named(take(ADA, number), f"{place}.wav") for place, number in enumerate(files)]
    error = refused(fake(), *clips)
    assert error.reason == "same-recording"
    again = f"{len(files) - 1}.wav: sounds like the same recording as {files.index(files[-1])}.wav"
    assert str(error).startswith(again)


def test_the_shipped_encoder_knows_a_recording_in_another_format() -> None:
    encoder, wav = Ge2eEncoder.load(), tuneful(seconds=6.0)
    coded = recode(wav, SAMPLE_RATE, codec="mp3", bit_rate=96_000)
    rows = [encoder.embed(mono(one, SAMPLE_RATE)) for one in (wav, coded)]
    with pytest.raises(EnrolmentError, match="same recording"):
        different([named(wav, "a.wav"), named(coded, "a.mp3")], rows)
    different([named(wav, "a.wav"), named(wav, "b.wav")], [rows[0], encoder.embed(tuneful(seed=2)[0])])


def test_only_what_is_compared_is_kept_of_a_voice() -> None:
    assert fake().enrol([named(ADA, "a.wav")]).embeddings.shape == (1, 4)


def test_the_shipped_detector_asks_for_all_of_it() -> None:
    detector = VoiceDetector.load()
    assert detector.most_synthetic == pytest.approx(fusion.suspicious_llr(SUSPECTED))
    assert refused(detector, named(noise(12, SAMPLE_RATE), "n.wav")).reason == "noise"
