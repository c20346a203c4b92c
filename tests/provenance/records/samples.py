"""Records for tests: a small one, a full one, and a hypothesis strategy for anything between."""

import unicodedata
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from provenance.records.asset import Asset, CredentialsRef, FingerprintRef, Mark, Span
from provenance.records.involvement import AiInvolvement, Generation, RoleInvolvement
from provenance.records.record import Claim, Evidence, Issuer, OwnershipRecord
from provenance.records.rights import Contribution, Party, RightShare, VoiceConsent

TIME = "2026-11-22T13:00:00Z"


SMALL = OwnershipRecord(
    record_id="00112233aabbccdd",
    issued_at=TIME,
    issuer=Issuer("Test Label"),
    asset=Asset("A Song", "ab" * 32, 30_000, 44_100, 2, "wav"),
    ai_involvement=AiInvolvement("None"),
    parties=(Party("owner", "Test Label", "org"),),
    rights=(RightShare("master", "owner", 1_000_000),),
    provenance_of_claim=Claim("uploaded"),
)


def small(**changes: Any) -> OwnershipRecord:
    return replace(SMALL, **changes)


def full() -> OwnershipRecord:
    return small(
        revision=2,
        supersedes="cd" * 32,
        claim_status="evidenced",
        issuer=Issuer("Test Label", "ef" * 32, "PADPIDA2014120301U"),
        asset=Asset(
            title="Żółć 🎵",
            sha256_pcm="01" * 32,
            duration_ms=1,
            sample_rate=48_000,
            channels=2,
            container="flac",
            sha256_files=("02" * 32, "03" * 32),
            fingerprints=(FingerprintRef("org.trackmark.landmark.1", "04" * 32, "hop=512"),),
            version_title="Radio Edit",
            isrc="USRC17607839",
            iswc=("T0345246801",),
            grid="A12425GABC1234002M",
            upc="036000291452",
        ),
        ai_involvement=AiInvolvement(
            "Partly",
            vocals=RoleInvolvement("All", "declared", tool="VoiceMaker 2", human_author="A. Writer"),
            lyrics=RoleInvolvement("None", "measured"),
        ),
        parties=(
            Party("owner", "Test Label", "org", dpid="PADPIDA2014120301U"),
            Party("singer", "A. Singer", "person", isni="0000000218250097", ipi="00014107338"),
        ),
        contributions=(Contribution("singer", "MainArtist", "Partly"),),
        rights=(
            RightShare("master", "owner", 700_000, ("DE", "AT"), source_doc_sha256="05" * 32),
            RightShare("master", "singer", 300_000, ("DE", "AT")),
            RightShare("master", "owner", 1_000_000, valid_from=TIME, valid_to="2036-11-22T13:00:00Z"),
        ),
        voice_consents=(
            VoiceConsent("singer", "this recording", "L-1", "06" * 32, TIME, None, "2027-01-01T00:00:00Z"),
        ),
        marks=(
            Mark("org.trackmark.chip.1", "1", "00112233aabbccdd", 3, "conv", -30_000, 34_000, (Span(0, 1),)),
        ),
        c2pa=CredentialsRef("urn:c2pa:1", "sidecar", "07" * 32),
        generation=Generation(
            "Meta", "MusicGen", "1.3", "altered", TIME, "2026-11-22T12:00:00Z", "small", "08" * 32, "09" * 32,
            "0a" * 32, "licence 7", "operator 1",
        ),
        provenance_of_claim=Claim("asserted", (Evidence("contract", "0b" * 32),)),
    )  # fmt: skip


titles = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="\u2028\u2029"), min_size=1, max_size=30
).filter(lambda text: unicodedata.is_normalized("NFC", text))
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)


@st.composite
def splits(draw: st.DrawFn) -> tuple[RightShare, ...]:
    """Shares of one or more rights, each of which sums to a whole."""
    shares = []
    for right in draw(st.sets(st.sampled_from(["master", "publishing", "performance", "neighbouring"]))):
        cuts = draw(st.sets(st.integers(1, 999_999), max_size=3))
        edges = [0, *sorted(cuts), 1_000_000]
        territories = draw(st.sampled_from([("WORLD",), ("DE",), ("DE", "FR")]))
        for low, high in pairwise(edges):
            shares.append(RightShare(right, "p", high - low, territories))
    return tuple(shares)


@st.composite
def records(draw: st.DrawFn) -> OwnershipRecord:
    """Valid records with odd but legal texts, numbers and splits."""
    overall = draw(st.sampled_from(["All", "Partly", "None", "Undeclared"]))
    return small(
        record_id=draw(st.binary(min_size=8, max_size=8)).hex(),
        asset=Asset(
            draw(titles),
            draw(digests),
            draw(st.integers(1, 1 << 40)),
            draw(st.integers(1, 1_000_000)),
            draw(st.integers(1, 64)),
            "wav",
            sha256_files=tuple(draw(st.sets(digests, max_size=3))),
            version_title=draw(st.none() | titles),
        ),
        ai_involvement=AiInvolvement(overall),
        parties=(Party("p", draw(titles), draw(st.sampled_from(["person", "org"]))),),
        rights=draw(splits()),
    )
