"""The voice detector: vocals found, synthetic-ness and identity measured, then one decision."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
from torch import Tensor

from core import scratch
from core.cards import read
from core.clip import Clip
from core.downmix import further_looks
from detector.calibration import probability
from detector.voice import enrolment, fusion
from detector.voice.activity import Activity, VocalActivity, mask
from detector.voice.countermeasure import Listener, Synthesis
from detector.voice.encoder import Ge2eEncoder, SpeakerEncoder
from detector.voice.errors import EnrolmentError
from detector.voice.finding import ArtistScore, VoiceFinding, VoiceSegment
from detector.voice.frontend import marked_of, mono
from detector.voice.identity import CARD as IDENTITY_CARD
from detector.voice.identity import MOST_LLR, Identity, centre
from detector.voice.rates import Above, ErrorRate, error_rates
from detector.voice.synthesis import SyntheticVoice
from detector.voice.timeline import above_backing, covered_of, segments, share_of, voice_share, within
from detector.voice.voiceprint import VoicePrint, centres

LEAST_VOICE_S = 3.0
MOST_TOLD = 100
"""Artists told of in a finding, those most alike; all are compared and paid for."""
SUSPECTED = 0.55
"""Clone score from which the shipped policy asks a person; nobody is enrolled from what it would call one."""


class VoiceDetector:
    """Says of a clip whether somebody sings or speaks, how synthetic it sounds, and who is imitated.

    Args:
        activity: finds vocals.
        countermeasure: measures synthetic-ness.
        encoder: embeds voices.
        identity: cohort and calibration for that encoder.
        most_synthetic: natural log-likelihood ratio (synthetic against human, as the clone decision takes it)
            from which on a recording is refused for enrolment; None asks nothing.
        measured: the figures of a card that `rates.error_rates` reads.
        above_within_db: what nine of ten estimates of `Activity.above_db` keep to; None uses none of them.
    """

    def __init__(
        self,
        activity: VocalActivity,
        countermeasure: Listener,
        encoder: SpeakerEncoder,
        identity: Identity,
        most_synthetic: float | None = None,
        measured: Mapping[str, float] = MappingProxyType({}),
        above_within_db: float | None = None,
    ) -> None:
        self.above_within_db = above_within_db
        self.most_synthetic, self.measured = most_synthetic, measured
        self.activity, self.countermeasure = activity, countermeasure
        self.encoder, self.identity = encoder, identity

    @classmethod
    def load(cls, encoder: SpeakerEncoder | None = None, identity: Identity | None = None) -> "VoiceDetector":
        """Load the detector with the weights shipped in this package.

        Args:
            encoder: another speaker encoder; it needs its own `identity`.
            identity: cohort and calibration made with that encoder.

        Raises:
            WeightsError: a model card and its weights do not agree.
            EnrolmentError: an encoder without a cohort of its own.
        """
        listener = Ge2eEncoder.load()
        chosen = encoder if encoder is not None else listener
        known = identity if identity is not None else Identity.load(Ge2eEncoder.name)
        if known.encoder != chosen.name:
            raise EnrolmentError(
                f"encoder {chosen.name!r} needs its own cohort and calibration; pass `identity` made with it"
            )
        activity = VocalActivity.load()
        return cls(
            activity,
            SyntheticVoice.load(),
            chosen,
            known,
            fusion.suspicious_llr(SUSPECTED),
            read(IDENTITY_CARD).metrics,
            activity.backing.within_db,
        )

    def enrol(self, clips: Iterable[Clip]) -> VoicePrint:
        """Make a voice print from an artist's own recordings.

        Args:
            clips: at least 10 s of the artist's voice in all and 3 s in each, songs or stems; from two files
                on, they must be of one person.

        Raises:
            EnrolmentError: a file that is not good enough, or two voices (see `Reason`).
        """
        given = list(clips)
        if not given:
            raise EnrolmentError("no recording was given", "no-recording")
        embeddings, seconds = [], 0.0
        for clip in given:
            wav = mono(clip.wav, clip.sample_rate)
            enrolment.usable(clip, wav)
            activity = self.activity.find(wav)
            if not bool(activity.voiced.any()):
                raise enrolment.no_vocals(clip, wav)
            enrolment.full_band(clip, wav)
            enrolment.enough(clip, activity.voice_s)
            if self.most_synthetic is not None:
                heard = self._hear(wav, activity, clip.duration_s, embed=False)
                if self._bounded(heard.accusing) >= self.most_synthetic:
                    raise enrolment.sounds_synthetic(clip)
            seconds += activity.voice_s
            embeddings.append(self._embed(wav, activity))
        enrolment.different(given, embeddings)
        enrolment.enough_in_all(seconds)
        enrolment.one_person(given, embeddings, self.identity.common)
        # One direction is all that is ever compared, so nothing else of the voice is kept.
        return VoicePrint(centre(torch.cat(embeddings))[None], self.encoder.name, seconds)

    def score(self, clip: Clip, artists: Mapping[str, VoicePrint]) -> VoiceFinding:
        """Examine a clip's vocals.

        Args:
            clip: any length and rate.
            artists: voice prints to compare with, by name; may be empty. One that was made with another
                encoder is left out, which the finding says.
        """
        own = {name: known for name, known in artists.items() if self._reads(known)}
        foreign = tuple(
            f"{name!r} was not compared: the voice print was made with {known.encoder!r}, "
            f"not {self.encoder.name!r}: enrol the artist again"
            for name, known in artists.items()
            if name not in own
        )
        return replace(self._score(clip, own), left_out=foreign)

    def alike(self, known: VoicePrint, artists: Mapping[str, VoicePrint]) -> list[str]:
        """Which artists' voice prints may be of the person of another, the nearest first.

        Args:
            known: the print that they are held against.
            artists: voice prints by name; one that was made with another encoder is like none.
        """
        own = {name: other for name, other in artists.items() if self._reads(other)}
        if not own or not self._reads(known):
            return []
        names = list(own)
        places = enrolment.nearest_alike(known.centre(), centres(list(own.values())), self.identity.common)
        return [names[place] for place in places]

    def _reads(self, known: VoicePrint) -> bool:
        return known.encoder == self.encoder.name and known.embeddings.shape[1] == self.encoder.dimension

    def _score(self, clip: Clip, artists: Mapping[str, VoicePrint]) -> VoiceFinding:
        looks = [wav for wav in _looks(clip) if any(bool(part.any()) for part in scratch.stretches(wav))]
        if not looks:
            return _unmeasured("the clip is silent", len(artists), heard=False)
        found = [(wav, self.activity.find(wav)) for wav in looks]
        longest = max((activity for _, activity in found), key=lambda activity: activity.voice_s)
        if not bool(longest.voiced.any()):
            if clip.duration_s < LEAST_VOICE_S:  # none could be judged, so that finding none is no answer
                reason = f"{clip.duration_s:.1f} s of audio is too short to judge"
                return _unmeasured(reason, len(artists), heard=False)
            return _unmeasured("no singing or speech found", len(artists))
        if longest.voice_s < LEAST_VOICE_S:
            reason = f"only {longest.voice_s:.1f} s of voice, too short to judge (need {LEAST_VOICE_S:.0f} s)"
            stretches = tuple(
                VoiceSegment(start, end, None, None, above_backing(longest, start, end))
                for start, end in within(covered_of(longest), clip.duration_s)
            )
            return VoiceFinding(True, None, (), stretches, reason, None, longest.voice_s, len(artists))
        heard = [
            self._hear(wav, activity, clip.duration_s, embed=bool(artists))
            for wav, activity in found
            if activity.voice_s >= LEAST_VOICE_S
        ]
        strongest = max(heard, key=lambda voice: voice.llr_syn)
        llr_syn = self._bounded(fusion.any_of([voice.llr_syn for voice in heard]))
        people = [one for voice in heard for one in voice.people]
        scores = sorted(
            (
                self._artist(name, near, people, len(artists))
                for name, near in self._nearest(artists, people).items()
            ),
            key=lambda found: (-found.clone_llr, found.name),
        )
        return VoiceFinding(
            has_voice=True,
            synthetic_score=probability(llr_syn / fusion.LOG10),
            artists=self._with_alike(scores, artists),
            segments=strongest.segments,
            reason=None,
            synthetic_llr=llr_syn / fusion.LOG10,
            voice_s=strongest.voice_s,
            artists_compared=len(artists),
            error_rates=self._error_rates(clip, strongest.above, looks[0]) if artists else (),
        )

    def _error_rates(self, clip: Clip, above: Above | None, wav: Tensor) -> tuple[ErrorRate, ...]:
        return error_rates(self.measured, clip.source.codec, above, telephone=enrolment.telephone(wav))

    def _hear(self, wav: Tensor, activity: Activity, duration_s: float, *, embed: bool) -> "_Voice":
        voiced = mask(activity.starts_s, activity.voiced, wav.numel())
        synthesis = self.countermeasure.listen(wav, voiced)
        weight = voice_share(synthesis, voiced)
        mean = (synthesis.logits * weight).sum() / weight.sum().clamp(min=1e-6)
        return _Voice(
            float(self.countermeasure.llr(mean)),
            float(self.countermeasure.accusing_llr(mean)),
            segments(synthesis, activity, duration_s, self.countermeasure.most_llr),
            activity.voice_s,
            self._level(activity),
            self._people(wav, voiced, synthesis, weight) if embed else (),
        )

    def _people(
        self, wav: Tensor, voiced: Tensor, synthesis: Synthesis, weight: Tensor
    ) -> tuple["_Person", ...]:
        """Who is heard, one or two who take turns: a machine beside an artist is no clone of the artist."""
        rows = self.encoder.embed(marked_of(wav, voiced))
        second = enrolment.parted(rows, self.identity.common)
        if second is None:
            return (self._person(rows, synthesis, weight),)
        share = share_of(second, synthesis, voiced)
        return (
            self._person(rows[~second], synthesis, weight * (1 - share)),
            self._person(rows[second], synthesis, weight * share),
        )

    def _person(self, rows: Tensor, synthesis: Synthesis, weight: Tensor) -> "_Person":
        mean = (synthesis.logits * weight).sum() / weight.sum().clamp(min=1e-6)
        return _Person(float(self.countermeasure.accusing_llr(mean)), centre(rows))

    def _level(self, activity: Activity) -> Above | None:
        """The voice over its backing, mean over the windows with vocals."""
        within_db = self.above_within_db
        if activity.above_db is None or within_db is None:
            return None
        return Above(float(activity.above_db[activity.voiced].mean()), within_db)

    def _bounded(self, llr_syn: float) -> float:
        return fusion.bounded(llr_syn, self.countermeasure.most_llr)

    def _embed(self, wav: Tensor, activity: Activity) -> Tensor:
        return self.encoder.embed(marked_of(wav, mask(activity.starts_s, activity.voiced, wav.numel())))

    def _nearest(
        self, artists: Mapping[str, VoicePrint], people: Sequence["_Person"]
    ) -> dict[str, list[float]]:
        """Similarity to each person heard of the artists most like one of them, at most `MOST_TOLD`."""
        if not artists:
            return {}
        names = list(artists)
        gallery = self.identity.gallery(centres(list(artists.values())))
        found = torch.stack([self.identity.similarities(gallery, one.direction) for one in people])
        best = found.amax(0).topk(min(MOST_TOLD, len(names))).indices.tolist()
        return {names[index]: found[:, index].tolist() for index in best}

    def _with_alike(
        self, scores: Sequence[ArtistScore], artists: Mapping[str, VoicePrint]
    ) -> tuple[ArtistScore, ...]:
        """The scores, each with those told of whose print could be the same person's."""
        if not scores:
            return ()
        told = centres([artists[one.name] for one in scores])
        return tuple(
            replace(one, alike=tuple(scores[place].name for place in row.nonzero().flatten().tolist()))
            for one, row in zip(scores, enrolment.alike(told, self.identity.common), strict=True)
        )

    def _artist(
        self, name: str, near: Sequence[float], people: Sequence["_Person"], artists: int
    ) -> ArtistScore:
        """An artist in the look, and the person heard there, that speaks most for a clone.

        Both ratios pay what the mean over all of them is lower by, which is nothing where all say the same,
        and the identity for all artists; what is left is then bounded.
        """
        tried = []
        for one, similarity in zip(people, near, strict=True):
            llr_id = fusion.among(self.identity.llr_imitation(similarity), artists)
            tried.append((fusion.llr_clone(one.accusing, llr_id), one.accusing, llr_id, similarity))
        strongest, llr_syn, llr_id, similarity = max(tried)
        price = strongest - fusion.any_of([clone for clone, *_ in tried])
        llr_syn = self._bounded(llr_syn - price)
        llr_id = fusion.bounded(llr_id - price, MOST_LLR)
        shares = fusion.posterior(llr_syn, llr_id)
        return ArtistScore(
            name=name,
            similarity=similarity,
            llr=llr_id / fusion.LOG10,
            clone_score=shares.clone,
            clone_llr=fusion.llr_clone(llr_syn, llr_id) / fusion.LOG10,
            genuine=shares.genuine,
            other_human=shares.other_human,
            other_synthetic=shares.other_synthetic,
            outcome=shares.outcome(name, llr_syn),
        )


@dataclass(frozen=True)
class _Voice:
    """A voice in one look at the channels.

    Attributes:
        llr_syn: natural log-likelihood ratio, synthetic against human, before its bound.
        accusing: the same as the clone decision takes it.
        segments: its stretches with their scores.
        voice_s: seconds of it.
        above: how loud it is over its backing; None where nobody estimated it.
        people: who is heard; empty where nobody is compared.
    """

    llr_syn: float
    accusing: float
    segments: tuple[VoiceSegment, ...]
    voice_s: float
    above: Above | None
    people: tuple["_Person", ...]


@dataclass(frozen=True)
class _Person:
    """One of those heard in a look.

    Attributes:
        accusing: natural log-likelihood ratio, synthetic against human, as the clone decision takes it and
            before its bound, of the windows in which the person is heard.
        direction: centre of the embeddings, a unit vector [D].
    """

    accusing: float
    direction: Tensor


def _looks(clip: Clip) -> Iterator[Tensor]:
    """The downmix and what is worth a look beside it, each as `frontend.mono` makes it, [T]."""
    yield mono(clip.wav, clip.sample_rate)
    for look in further_looks(clip.wav.float()):
        yield mono(clip.wav, clip.sample_rate, look)


def _unmeasured(reason: str, artists: int, *, heard: bool = True) -> VoiceFinding:
    return VoiceFinding(False if heard else None, None, (), (), reason, None, 0.0, artists)
