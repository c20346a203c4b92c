"""The ERN fragment against the structure of the standard's message definition, and its rules on AI."""

import dataclasses
import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given

from provenance.exchange.ddex import CONTAINS_AI, NAMESPACE, fragment
from provenance.records.involvement import AiInvolvement
from provenance.records.record import OwnershipRecord
from provenance.records.rights import Contribution, Party, RightShare
from tests.provenance.records.samples import full, records, small

# What each composite that we write may hold, in the order and number of the standard's message definition
# (ERN 4.3.2): "?" at most once, "*" any number, "+" at least once, nothing exactly once, "/" a choice.
# Elements that we never write are left out; so is MessageHeader, which the sender adds.
STRUCTURE = {
    "NewReleaseMessage": "PartyList ResourceList",
    "PartyList": "Party+",
    "Party": "PartyReference PartyName+ PartyId*",
    "PartyName": "FullName",
    "PartyId": "ISNI? DPID? IpiNameNumber?",
    "ResourceList": "SoundRecording+",
    "SoundRecording": "ResourceReference Type SoundRecordingEdition+ WorkId* DisplayTitleText+ DisplayTitle+ "
    "DisplayArtistName* DisplayArtist* Contributor* ResourceRightsController* WorkRightsController* Duration "
    "ContainsAI?",
    "SoundRecordingEdition": "Type? ResourceId* TechnicalDetails*",
    "ResourceId": "ISRC? ProprietaryId*",
    "TechnicalDetails": "TechnicalResourceDetailsReference DeliveryFile*",
    "DeliveryFile": "Type NumberOfChannels? SamplingRate? IsProvidedInDelivery?",
    "WorkId": "ISWC?",
    "DisplayTitle": "TitleText SubTitle*",
    "DisplayArtist": "ArtistPartyReference DisplayArtistRole",
    "Contributor": "ContributorPartyReference/SpecialContributor Role* AiContribution?",
    "Role": "Value",
    "ResourceRightsController": "RightsControllerPartyReference RightSharePercentage?",
    "WorkRightsController": "RightsControllerPartyReference RightSharePercentage? Territory* StartDate? "
    "EndDate?",
}
ATTRIBUTES = {
    "NewReleaseMessage": {"AvsVersionId"},
    "ProprietaryId": {"Namespace"},
    "SamplingRate": {"UnitOfMeasure"},
    "DisplayTitle": {"ApplicableTerritoryCode", "IsDefault"},
    "DisplayArtistName": {"ApplicableTerritoryCode", "IsDefault"},
    "DisplayArtist": {"SequenceNumber"},
    "Contributor": {"SequenceNumber"},
}
TEXTS = {
    "PartyReference": r"P[_0-9a-zA-Z-]+",
    "ArtistPartyReference": r"P[_0-9a-zA-Z-]+",
    "ContributorPartyReference": r"P[_0-9a-zA-Z-]+",
    "RightsControllerPartyReference": r"P[_0-9a-zA-Z-]+",
    "ResourceReference": r"A[_0-9a-zA-Z-]+",
    "TechnicalResourceDetailsReference": r"T[_0-9a-zA-Z-]+",
    "ContainsAI": "All|Partly|None",
    "AiContribution": "All|Partly|None",
    "SpecialContributor": "GenerativeAI",
    "ISRC": r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}",
    "ISWC": r"T[0-9]{10}",
    "ISNI": r"[0-9]{15}[0-9X]",
    "DPID": r"PADPIDA[a-zA-Z0-9]+",
    "Duration": r"PT[0-9]+H[0-9]+M[0-9]+(\.[0-9]+)?S",
    "RightSharePercentage": r"[0-9]+(\.[0-9]{1,4})?",
    "StartDate": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "EndDate": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "Territory": "Worldwide|[A-Z]{2}",
    "NumberOfChannels": "[0-9]+",
    "SamplingRate": r"[0-9]+(\.[0-9]+)?",
    "IsProvidedInDelivery": "true|false",
}


def pattern(children: str) -> str:
    """A regular expression for the child names of a composite, each followed by a space."""
    parts = []
    for item in children.split():
        name, often = (item[:-1], item[-1]) if item[-1] in "?*+" else (item, "")
        parts.append(f"(?:(?:{name.replace('/', '|')}) ){often}")
    return "".join(parts)


def check_structure(root: ET.Element) -> None:
    """In place of the XSD: names, order, number, attributes, references, values, and the rules on AI."""
    assert root.tag == f"{{{NAMESPACE}}}NewReleaseMessage"
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        found = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(pattern(STRUCTURE.get(name, "")), found), f"{name}: {found}"
        assert set(element.attrib) <= ATTRIBUTES.get(name, set()), name
        text = (element.text or "").strip()
        assert bool(text) != bool(len(element)), f"{name} holds text or children, never both, never none"
        if name in TEXTS:
            assert re.fullmatch(TEXTS[name], text), f"{name}: {text}"
    parties = [element.text for element in root.iter("PartyReference")]
    assert len(set(parties)) == len(parties)
    for name in ("ArtistPartyReference", "ContributorPartyReference", "RightsControllerPartyReference"):
        assert {element.text for element in root.iter(name)} <= set(parties)
    assert len(root.findall(".//DisplayTitle")) == len(root.findall(".//DisplayTitleText"))
    overall = root.findtext(".//ContainsAI")
    for contributor in root.iter("Contributor"):
        machine, part = (
            contributor.find("SpecialContributor") is not None,
            contributor.findtext("AiContribution"),
        )
        assert machine or part != "All"
        assert overall != "All" or machine
        assert overall != "None" or (part in (None, "None") and not machine)


def the(root: ET.Element, path: str) -> ET.Element:
    """The first element at a path, which is there."""
    found = root.find(path)
    assert found is not None, path
    return found


@given(records())
def test_every_record_gives_a_sound_fragment(record: OwnershipRecord) -> None:
    made = fragment(record)
    root = ET.fromstring(made.xml)
    check_structure(root)
    assert root.findtext("ResourceList/SoundRecording/DisplayTitle/TitleText") == record.asset.title


def test_what_the_record_says_is_found_under_its_ddex_name() -> None:
    made = fragment(full())
    root = ET.fromstring(made.xml)
    check_structure(root)
    recording = the(root, "ResourceList/SoundRecording")
    assert recording.findtext("SoundRecordingEdition/ResourceId/ISRC") == "USRC17607839"
    assert recording.findtext("ContainsAI") == "Partly"
    assert recording.findtext("Contributor/AiContribution") == "Partly"
    assert recording.findtext("Contributor/Role/Value") == "MainArtist"
    assert recording.findtext("WorkId/ISWC") == "T0345246801"
    assert recording.findtext("Duration") == "PT0H0M0.001S"
    assert recording.findtext(".//SamplingRate") == "48"
    assert root.findtext("PartyList/Party[2]/PartyId/ISNI") == "0000000218250097"
    assert root.get("AvsVersionId") == "12"


def test_what_cannot_be_said_is_reported_not_bent() -> None:
    text = "\n".join(fragment(full()).left_out)
    for word in ("master share of P1", "AI by role (vocals, lyrics)", "generation", "voice_consents"):
        assert word in text
    assert fragment(full()).xml.count(b"ResourceRightsController") == 0


@pytest.mark.parametrize("level", CONTAINS_AI)
def test_each_level_is_written_as_it_is(level: str) -> None:
    root = ET.fromstring(fragment(small(ai_involvement=AiInvolvement(level))).xml)
    assert root.findtext(".//ContainsAI") == level


def test_silence_about_ai_stays_silence() -> None:
    made = fragment(small(ai_involvement=AiInvolvement("Undeclared")))
    assert b"ContainsAI" not in made.xml
    assert any(line.startswith("ContainsAI") for line in made.left_out)


def test_shares_are_exact_percentages() -> None:
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
    controller = the(root, ".//WorkRightsController")
    assert [e.text for e in controller.iterfind("Territory")] == ["DE", "AT"]
    assert controller.findtext("StartDate") == "2026-01-01"


def test_titles_cannot_break_out_of_the_xml() -> None:
    record = small(asset=dataclasses.replace(small().asset, title="</TitleText><Deal>&amp;]]>"))
    root = ET.fromstring(fragment(record).xml)
    check_structure(root)
    assert root.findtext(".//TitleText") == "</TitleText><Deal>&amp;]]>"


@pytest.mark.parametrize("overall", ["All", "Partly", "None", "Undeclared"])
def test_contributors_keep_the_rules_on_ai(overall: str) -> None:
    levels = ("All", "Partly", "None", "Undeclared", None)
    roles = ("MainArtist", "Composer", "Lyricist", "Mixer", "Producer")
    record = small(
        ai_involvement=AiInvolvement(overall),
        parties=(Party("owner", "A Label", "org"), Party("a", "Ada", "person")),
        contributions=tuple(
            Contribution("a", role, level) for role, level in zip(roles, levels, strict=True)
        ),
    )
    made = fragment(record)
    root = ET.fromstring(made.xml)
    check_structure(root)
    numbers = [element.get("SequenceNumber") for element in root.iter("Contributor")]
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    left = [line for line in made.left_out if line.startswith("contribution of P2")]
    expected = {"All": 5, "Partly": 1, "None": 2, "Undeclared": 1}  # one of All is the machine, not the party
    assert len(left) == expected[overall], left
    assert len(numbers) == {"All": 1, "Partly": 5, "None": 3, "Undeclared": 5}[overall]


def test_the_check_of_the_structure_bites() -> None:
    whole = fragment(full()).xml
    check_structure(ET.fromstring(whole))
    places = [
        (parent, place)
        for parent in ("SoundRecording", "Contributor", "Party", "DisplayTitle", "DeliveryFile")
        for place in range(len(the(ET.fromstring(whole), f".//{parent}")) - 1)
    ]
    assert len(places) > 15
    for parent, place in places:
        root = ET.fromstring(whole)
        element = the(root, f".//{parent}")
        first, second = element[place], element[place + 1]
        if first.tag == second.tag:
            continue
        element[place], element[place + 1] = second, first
        with pytest.raises(AssertionError):
            check_structure(root)
    for name, change in itertools.product(("ContainsAI", "AiContribution", "Duration"), ("Some", "")):
        root = ET.fromstring(whole)
        the(root, f".//{name}").text = change
        with pytest.raises(AssertionError):
            check_structure(root)
