"""The ERN fragment: well formed, its references resolve, AI terms are those of DDEX."""

import dataclasses
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given

from provenance.exchange.ddex import CONTAINS_AI, NAMESPACE, fragment
from provenance.records.making import AiInvolvement
from provenance.records.rights import Party, RightShare
from tests.provenance.records.samples import full, records, small

ORDER = [
    "ResourceReference",
    "Type",
    "SoundRecordingEdition",
    "WorkId",
    "DisplayTitleText",
    "DisplayTitle",
    "DisplayArtistName",
    "DisplayArtist",
    "Contributor",
    "ResourceRightsController",
    "WorkRightsController",
    "Duration",
    "ContainsAI",
]
REFERENCES = ("ArtistPartyReference", "ContributorPartyReference", "RightsControllerPartyReference")


def check_structure(root: ET.Element) -> None:
    """Our own rules in place of the XSD: order of elements, references, allowed values."""
    assert root.tag == f"{{{NAMESPACE}}}NewReleaseMessage"
    assert [child.tag for child in root] == ["PartyList", "ResourceList"]
    parties = [element.text for element in root.iter("PartyReference")]
    assert len(set(parties)) == len(parties)
    for name in REFERENCES:
        assert {element.text for element in root.iter(name)} <= set(parties)
    recording = root.find("ResourceList/SoundRecording")
    assert recording is not None
    places = [ORDER.index(child.tag) for child in recording]
    assert places == sorted(places)
    for name in ("ContainsAI", "AiContribution"):
        assert {element.text for element in root.iter(name)} <= set(CONTAINS_AI)
    assert all(element.text or len(element) for element in root.iter())


@given(records())
def test_every_record_gives_a_sound_fragment(record):
    made = fragment(record)
    root = ET.fromstring(made.xml)
    check_structure(root)
    assert root.findtext("ResourceList/SoundRecording/DisplayTitle/TitleText") == record.asset.title


def test_what_the_record_says_is_found_under_its_ddex_name():
    made = fragment(full())
    root = ET.fromstring(made.xml)
    check_structure(root)
    recording = root.find("ResourceList/SoundRecording")
    assert recording.findtext("SoundRecordingEdition/ResourceId/ISRC") == "USRC17607839"
    assert recording.findtext("ContainsAI") == "Partly"
    assert recording.findtext("Contributor/AiContribution") == "Partly"
    assert recording.findtext("Contributor/Role/Value") == "MainArtist"
    assert recording.findtext("WorkId/ISWC") == "T0345246801"
    assert recording.findtext("Duration") == "PT0H0M0.001S"
    assert recording.findtext(".//SamplingRate") == "48"
    assert root.findtext("PartyList/Party[2]/PartyId/ISNI") == "0000000218250097"
    assert root.get("AvsVersionId") == "12"


def test_what_cannot_be_said_is_reported_not_bent():
    text = "\n".join(fragment(full()).left_out)
    for word in ("master share of P1", "AI by role (vocals, lyrics)", "generation", "voice_consents"):
        assert word in text
    assert fragment(full()).xml.count(b"ResourceRightsController") == 0


@pytest.mark.parametrize("level", CONTAINS_AI)
def test_each_level_is_written_as_it_is(level):
    root = ET.fromstring(fragment(small(ai_involvement=AiInvolvement(level))).xml)
    assert root.findtext(".//ContainsAI") == level


def test_silence_about_ai_stays_silence():
    made = fragment(small(ai_involvement=AiInvolvement("Undeclared")))
    assert b"ContainsAI" not in made.xml
    assert any(line.startswith("ContainsAI") for line in made.left_out)


def test_shares_are_exact_percentages():
    thirds = small(
        parties=tuple(Party(ref, ref, "org") for ref in "abc"),
        rights=(
            RightShare("master", "a", 333_333),
            RightShare("master", "b", 333_333),
            RightShare("master", "c", 333_334),
            RightShare("publishing", "a", 1_000_000, ("DE", "AT"), "2026-01-01T00:00:00Z"),
        ),
    )
    root = ET.fromstring(fragment(thirds).xml)
    shares = [e.text for e in root.iterfind(".//ResourceRightsController/RightSharePercentage")]
    assert shares == ["33.3333", "33.3333", "33.3334"]
    controller = root.find(".//WorkRightsController")
    assert [e.text for e in controller.iterfind("Territory")] == ["DE", "AT"]
    assert controller.findtext("StartDate") == "2026-01-01"


def test_titles_cannot_break_out_of_the_xml():
    record = small(asset=dataclasses.replace(small().asset, title="</TitleText><Deal>&amp;]]>"))
    root = ET.fromstring(fragment(record).xml)
    check_structure(root)
    assert root.findtext(".//TitleText") == "</TitleText><Deal>&amp;]]>"
