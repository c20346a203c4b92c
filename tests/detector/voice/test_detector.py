"""The detector's flow, with fakes for the networks, and the shipped weights on generated sound."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from detector.calibration import probability
from detector.voice import ArtistScore, VoiceDetector, VoicePrint, fusion
from detector.voice.activity import Activity, believed
from detector.voice.countermeasure import Synthesis
from detector.voice.detector import SUSPECTED
from detector.voice.errors import EnrolmentError
from detector.voice.frontend import SAMPLE_RATE, windows
from tests.detector.voice.made_up import (
    ADA,
    BOB,
    FakeCountermeasure,
    FakeEncoder,
    clip,
    fake,
    prints,
    take,
)
from tests.signals import music, noise, silence, sine


def test_a_synthetic_voice_like_ada_is_a_clone_of_ada_only() -> None:
    detector = fake(llr_syn=4.0)
    finding = detector.score(clip(ADA), prints(detector))
    assert [artist.name for artist in finding.artists] == ["Ada", "Bob"]
    ada, bob = finding.artists
    assert ada.clone_score > 0.5 > bob.clone_score
    assert ada.outcome == "synthetic voice imitating Ada"
    assert bob.outcome == "synthetic voice, not imitating Bob"
    assert finding.artists_compared == 2
    assert finding.synthetic_score is not None and finding.synthetic_score > 0.9


def test_what_is_told_of_a_voice_and_what_accuses_are_two_ratios() -> None:
    class Cautious(FakeCountermeasure):
        def accusing_llr(self, logit: Tensor) -> Tensor:
            return logit - 3.0

    detector = fake(llr_syn=4.0)
    known = prints(detector)
    bold = detector.score(clip(ADA), known)
    detector.countermeasure = Cautious(4.0)
    careful = detector.score(clip(ADA), known)
    assert careful.synthetic_llr == bold.synthetic_llr and careful.segments == bold.segments
    assert bold.artists[0].clone_score > 0.5 > careful.artists[0].clone_score
    detector.most_synthetic = 2.0
    assert detector.enrol([clip(ADA)]).voice_s == 12.0, "nobody is refused by the ratio that is told"


def test_a_human_voice_like_ada_is_no_clone() -> None:
    detector = fake(llr_syn=-4.0)
    ada = detector.score(clip(ADA), prints(detector)).artists[0]
    assert ada.clone_score < 0.1
    assert max(detector.score(clip(ADA), prints(detector)).artists, key=lambda a: a.genuine).outcome == (
        "genuine voice of Ada"
    )


def test_comparing_more_artists_lowers_every_ratio() -> None:
    detector = fake()
    both = prints(detector)
    alone = detector.score(clip(ADA), {"Ada": both["Ada"]}).artists[0]
    among_many = detector.score(clip(ADA), both | {f"X{n}": both["Bob"] for n in range(40)}).artists[0]
    assert among_many.name == "Ada"
    assert among_many.llr < alone.llr - 1.0
    assert among_many.clone_score < alone.clone_score


def test_one_person_under_two_names_is_told_as_that() -> None:
    detector = fake()
    again = detector.enrol([clip(ADA * 0.5)])
    found = {
        one.name: one for one in detector.score(clip(ADA), {**prints(detector), "Countess": again}).artists
    }
    assert {name: one.alike for name, one in found.items()} == {
        "Ada": ("Countess",),
        "Countess": ("Ada",),
        "Bob": (),
    }


def test_no_artists_still_gives_a_synthetic_score() -> None:
    finding = fake().score(clip(ADA), {})
    assert finding.artists == () and finding.synthetic_score is not None and finding.reason is None


def test_segments_lie_inside_the_voiced_part_of_the_clip() -> None:
    finding = fake(until_s=7.0).score(clip(ADA), {})
    assert finding.segments
    assert finding.segments[0].start_s == 0.0
    assert max(segment.end_s for segment in finding.segments) <= 7.0 + 1e-6
    for left, right in zip(finding.segments[:-1], finding.segments[1:], strict=True):
        assert left.end_s <= right.start_s + 1e-6
    for segment in finding.segments:
        assert segment.llr is not None and segment.llr == pytest.approx(4.0 / fusion.LOG10)
        assert segment.score == pytest.approx(probability(segment.llr))
    assert max(segment.end_s - segment.start_s for segment in finding.segments) <= 2.0 + 1e-6


@pytest.mark.parametrize(
    ("windows", "heard"),
    [
        ([0.6], True),
        ([0.0] * 5 + [0.6], True),
        ([0.0] * 6 + [0.6], False),
        ([0.0] * 6 + [0.69, 0.69], False),
        ([0.0] * 6 + [0.71, 0.71], True),
        ([0.0] * 60 + [0.95], True),
    ],
)
def test_of_many_windows_one_that_is_hardly_likely_is_no_voice(windows: list[float], heard: bool) -> None:
    assert believed(torch.tensor(windows)) is heard


def test_too_little_voice_is_not_judged() -> None:
    finding = fake(until_s=2.0).score(clip(ADA), {})
    assert finding.has_voice and finding.synthetic_score is None
    assert finding.reason is not None and "too short" in finding.reason
    assert finding.segments and all(s.score is s.llr is None for s in finding.segments)


def test_without_vocals_nothing_is_measured() -> None:
    finding = fake(until_s=0.0).score(clip(ADA), {})
    assert (finding.has_voice, finding.synthetic_score, finding.artists) == (False, None, ())
    assert finding.reason == "no singing or speech found"


def test_that_nothing_is_heard_in_too_little_audio_is_no_answer() -> None:
    """Less than a voice needs to be judged: to find none in it says nothing about the vocals."""
    finding = fake(until_s=0.0).score(clip(ADA[:, : int(2.9 * SAMPLE_RATE)]), {})
    assert (finding.has_voice, finding.synthetic_score) == (None, None)
    assert finding.reason == "2.9 s of audio is too short to judge"
    longer = fake(until_s=0.0).score(clip(ADA[:, : int(3.1 * SAMPLE_RATE)]), {})
    assert (longer.has_voice, longer.reason) == (False, "no singing or speech found")


@pytest.mark.parametrize(
    "wav", [silence(5, 48000, channels=2), torch.zeros(1, 1), torch.full((1, 48000), 1e-9)]
)
def test_silence_has_a_reason(wav: Tensor) -> None:
    finding = fake().score(clip(wav, 48000), {})
    assert not finding.has_voice and finding.reason == "the clip is silent"


def test_enrolment_needs_ten_seconds_of_voice() -> None:
    with pytest.raises(EnrolmentError, match="at least 10 s"):
        fake().enrol([clip(ADA[:, : 9 * SAMPLE_RATE])])
    with pytest.raises(EnrolmentError):
        fake().enrol([])
    with pytest.raises(EnrolmentError):
        fake(until_s=0.0).enrol([clip(ADA)])
    six_s = ADA[:, : 6 * SAMPLE_RATE]
    together = fake().enrol([clip(six_s), clip(take(six_s, 1))])
    assert together.voice_s == pytest.approx(12.0)


@pytest.mark.parametrize("foreign", ["another", "another dimension"])
def test_a_print_of_another_encoder_is_left_out_and_named_and_the_others_compared(foreign: str) -> None:
    detector = fake()
    own = prints(detector)
    if foreign == "another":
        stranger = replace(own["Ada"], encoder="another")
    else:
        stranger = replace(own["Ada"], embeddings=torch.eye(7))
    found = detector.score(clip(ADA), {"Old": stranger, **own})
    assert found.artists == detector.score(clip(ADA), own).artists, "and counted among nobody"
    assert found.artists_compared == len(own)
    (text,) = found.left_out
    assert "'Old'" in text and "enrol the artist again" in text
    alone = detector.score(clip(ADA), {"Old": stranger})
    assert alone.has_voice and alone.synthetic_score is not None and alone.artists == () and alone.left_out


def test_even_of_a_silent_clip_the_left_out_are_told() -> None:
    detector = fake()
    stranger = replace(prints(detector)["Ada"], encoder="another")
    assert detector.score(clip(torch.zeros(1, 5 * SAMPLE_RATE)), {"Old": stranger}).left_out


def test_an_encoder_without_its_own_cohort_is_refused() -> None:
    with pytest.raises(EnrolmentError, match="cohort"):
        VoiceDetector.load(FakeEncoder())


@pytest.fixture(scope="module")
def shipped() -> VoiceDetector:
    return VoiceDetector.load()


@pytest.mark.parametrize("wav", [sine(4, 44100), noise(4, 44100), silence(4, 44100)])
def test_shipped_weights_hear_no_voice_in_tones(shipped: VoiceDetector, wav: Tensor) -> None:
    finding = shipped.score(clip(wav, 44100), {})
    assert not finding.has_voice and finding.reason


def test_shipped_weights_are_repeatable_and_blind_to_level_and_polarity(shipped: VoiceDetector) -> None:
    wav = music(6.0, 44100, seed=7)
    first = shipped.score(clip(wav, 44100), {})
    assert shipped.score(clip(wav, 44100), {}) == first
    louder = shipped.score(clip(wav * -0.25, 44100), {})
    assert louder.has_voice == first.has_voice
    if first.synthetic_llr is not None and louder.synthetic_llr is not None:
        assert louder.synthetic_llr == pytest.approx(first.synthetic_llr, abs=0.05)


@pytest.mark.parametrize("samples", [1, 159, 400, 5000])
def test_shipped_weights_survive_very_short_clips(shipped: VoiceDetector, samples: int) -> None:
    finding = shipped.score(clip(noise(1, 16000)[:, :samples]), {})
    assert finding.synthetic_score is None and finding.reason


def test_nobody_is_embedded_where_nobody_is_enrolled() -> None:
    detector = fake()

    class Deaf(FakeEncoder):
        def embed(self, wav: Tensor) -> Tensor:
            raise AssertionError("nobody asked whose voice it is")

    detector.encoder = Deaf()
    assert detector.score(clip(ADA), {}).synthetic_score is not None


def test_a_voice_is_heard_in_whatever_channel_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = fake(llr_syn=6.0)
    known = prints(detector)
    other = music(12.0, SAMPLE_RATE, seed=8)[0]
    other = other * (0.1 / other.square().mean().sqrt())
    plain = detector.score(clip(ADA), known)
    images = {
        "inverted": torch.stack([ADA[0], -ADA[0]]),
        "nearly inverted": torch.stack([ADA[0], -0.8 * ADA[0]]),
        "one-sided": torch.stack([ADA[0], 0 * ADA[0]]),
    }
    for wav in images.values():
        assert detector.score(clip(wav), known).artists[0].clone_score == pytest.approx(
            plain.artists[0].clone_score
        )
    listened: list[Tensor] = []
    find = detector.activity.find

    def counted(wav: Tensor) -> Activity:
        listened.append(wav)
        return find(wav)

    monkeypatch.setattr(detector.activity, "find", counted)
    detector.score(clip(torch.stack([ADA[0], other])), known)
    assert len(listened) > 1, "independent channels are looked at one by one"
    listened.clear()
    detector.score(clip(ADA), known)
    assert len(listened) == 1


class Channels(FakeCountermeasure):
    """Hears each look's own ratio, by its first samples: Ada's or Bob's."""

    most_llr = 3.0

    def __init__(self, of_ada: float, of_bob: float) -> None:
        self._of = {True: of_ada, False: of_bob}

    def listen(self, wav: Tensor, voiced: Tensor | None = None) -> Synthesis:
        self._value = self._of[float(wav[:100].mean()) >= 0]
        return super().listen(wav, voiced)


def heard_in(
    monkeypatch: pytest.MonkeyPatch, looks: list[Tensor], of_ada: float, of_bob: float
) -> ArtistScore:
    """Ada's score where the detector looks at these channels."""
    detector = fake()
    known = {"Ada": detector.enrol([clip(ADA)])}
    detector.countermeasure = Channels(of_ada, of_bob)
    monkeypatch.setattr("detector.voice.detector._looks", lambda _: [look[0] for look in looks])
    return detector.score(clip(ADA), known).artists[0]


def test_a_look_that_says_the_same_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = heard_in(monkeypatch, [ADA], 2.0, 0.0)
    assert heard_in(monkeypatch, [ADA, ADA, ADA], 2.0, 0.0).clone_score == pytest.approx(one.clone_score)
    beside = heard_in(monkeypatch, [ADA, BOB], 2.0, -2.0)
    assert beside.clone_score < one.clone_score - 0.05, "a look that says otherwise is paid for"


def test_looks_are_paid_for_before_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    most = heard_in(monkeypatch, [ADA], 3.0, 0.0).clone_score
    assert heard_in(monkeypatch, [ADA], 9.0, 0.0).clone_score == pytest.approx(most)
    strong = heard_in(monkeypatch, [ADA, BOB], 6.0, -2.0).clone_score
    assert SUSPECTED < strong < most, "evidence beyond the bound pays for the other look"


def test_a_voice_and_a_machine_in_different_looks_make_no_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard_in(monkeypatch, [ADA, BOB], -3.0, 6.0).clone_score < 0.1


def test_looks_are_paid_for() -> None:
    assert fusion.any_of([3.0, 3.0]) == pytest.approx(3.0)
    assert fusion.any_of([3.0, -9.0]) == pytest.approx(3.0 - math.log(2.0), abs=1e-4)
    assert fusion.among(3.0, 4) == pytest.approx(3.0 - math.log(4.0))


class ByMoment(FakeEncoder):
    """Embeds every second by its own sign."""

    def embed(self, wav: Tensor) -> Tensor:
        return torch.cat([super(ByMoment, self).embed(part) for part in torch.split(wav, SAMPLE_RATE)])


class InTurn(FakeCountermeasure):
    """Hears Ada and Bob in each window by its mean sign."""

    def __init__(self, of_ada: float, of_bob: float) -> None:
        self._of_ada, self._of_bob = of_ada, of_bob

    def listen(self, wav: Tensor, voiced: Tensor | None = None) -> Synthesis:
        cut = windows(wav, 3.0, 1.5)
        ada = torch.cat([part.mean(1) for part in cut.batches(8)]) > 0
        values = torch.where(ada, self._of_ada, self._of_bob)
        return Synthesis(cut.starts_s, cut.starts_s + 3.0, values, values)


def duet(of_ada: float, of_bob: float) -> float:
    """Ada's clone score where she sings 24 seconds, then Bob nine, and only she is enrolled."""
    detector = fake()
    known = {"Ada": detector.enrol([clip(ADA)])}
    detector.encoder, detector.countermeasure = ByMoment(), InTurn(of_ada, of_bob)
    seconds = torch.ones(1, 33 * SAMPLE_RATE)
    seconds[:, 24 * SAMPLE_RATE :] = -1.0
    return detector.score(clip(seconds), known).artists[0].clone_score


def test_a_machine_that_sings_beside_ada_is_no_clone_of_hers() -> None:
    assert duet(of_ada=-3.0, of_bob=24.0) < 0.1


def test_a_clone_is_found_beside_a_human_voice() -> None:
    assert duet(of_ada=6.0, of_bob=-24.0) > SUSPECTED


def test_a_voice_is_recognised_under_another_name_and_a_stranger_is_not() -> None:
    detector = fake()
    again, other = detector.enrol([clip(take(ADA, 1))]), detector.enrol([clip(take(ADA, 3))])
    foreign = VoicePrint(again.embeddings, "another encoder", 12.0)
    known = {**prints(detector), "Foreign": foreign, "Further": other}
    assert detector.alike(again, known)[0] == "Ada"
    assert not {"Bob", "Foreign"} & set(detector.alike(again, known))
    assert detector.alike(foreign, known) == [] and detector.alike(again, {}) == []
