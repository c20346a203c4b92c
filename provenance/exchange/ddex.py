"""A record as a fragment of a DDEX ERN 4.3.2 NewReleaseMessage: the parties and the sound recording.

Only what the record states is written; the sender adds MessageHeader, ReleaseList and DealList. The AI
disclosure is `ContainsAI` on SoundRecording and `AiContribution` on Contributor (ERN 4.3.2, allowed value set
version 12: All, Partly, None); a record that declares nothing has neither element.

Order and rules of the elements are those of the standard's message definition; its XSD is not shipped and not
run, so a message must be validated by the sender before it is delivered: see `docs/exchange.md`.
"""

import xml.etree.ElementTree as ET  # only writes; nothing foreign is parsed
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from provenance.records.record import OwnershipRecord
from provenance.records.rights import WHOLE_PPM, WORLD, Party, RightShare

NAMESPACE = "http://ddex.net/xml/ern/432"
AVS_VERSION = "12"
CONTAINS_AI = ("All", "Partly", "None")
GENERATIVE_AI = "GenerativeAI"


@dataclass(frozen=True)
class Fragment:
    """The XML, and in plain words what the record says for which we know no element of ERN."""

    xml: bytes
    left_out: tuple[str, ...]


def fragment(record: OwnershipRecord) -> Fragment:
    """Write a record's parties and recording as ERN 4.3.2."""
    refs = {party.ref: f"P{number}" for number, party in enumerate(record.parties, 1)}
    left_out: list[str] = []
    ET.register_namespace("ern", NAMESPACE)
    root = ET.Element(f"{{{NAMESPACE}}}NewReleaseMessage", {"AvsVersionId": AVS_VERSION})
    parties = ET.SubElement(root, "PartyList")
    for party in record.parties:
        _party(parties, party, refs[party.ref])
    recording = ET.SubElement(ET.SubElement(root, "ResourceList"), "SoundRecording")
    _text(recording, "ResourceReference", "A1")
    _text(recording, "Type", "MusicalWorkSoundRecording")
    _edition(recording, record, left_out)
    for code in record.asset.iswc:
        _text(ET.SubElement(recording, "WorkId"), "ISWC", code)
    _titles(recording, record)
    _artists(recording, record, refs, left_out)
    _contributors(recording, record, refs, left_out)
    _controllers(recording, record, refs, left_out)
    _text(recording, "Duration", _duration(record.asset.duration_ms))
    if record.ai_involvement.overall in CONTAINS_AI:
        _text(recording, "ContainsAI", record.ai_involvement.overall)
    else:
        left_out.append("ContainsAI: the record declares nothing about AI")
    left_out.extend(_unsayable(record))
    ET.indent(root)
    return Fragment(ET.tostring(root, encoding="UTF-8", xml_declaration=True), tuple(left_out))


def _party(parent: ET.Element, party: Party, reference: str) -> None:
    element = ET.SubElement(parent, "Party")
    _text(element, "PartyReference", reference)
    _text(ET.SubElement(element, "PartyName"), "FullName", party.name)
    known = [("ISNI", party.isni), ("DPID", party.dpid), ("IpiNameNumber", party.ipi)]
    if any(value for _, value in known):
        identifiers = ET.SubElement(element, "PartyId")
        for name, value in known:
            if value is not None:
                _text(identifiers, name, value)


def _edition(recording: ET.Element, record: OwnershipRecord, left_out: list[str]) -> None:
    edition = ET.SubElement(recording, "SoundRecordingEdition")
    _text(edition, "Type", "NonImmersiveEdition")
    if record.asset.isrc is not None or record.issuer.dpid is not None:
        resource = ET.SubElement(edition, "ResourceId")
        if record.asset.isrc is not None:
            _text(resource, "ISRC", record.asset.isrc)
        if record.issuer.dpid is not None:
            # A proprietary id is named by the party that gives it out, and only a DPID can name one.
            _text(resource, "ProprietaryId", record.record_id, Namespace=record.issuer.dpid)
    else:
        left_out.append("ResourceId: the record has no ISRC, and its issuer no DPID to name an id by")
    details = ET.SubElement(edition, "TechnicalDetails")
    _text(details, "TechnicalResourceDetailsReference", "T1")
    file = ET.SubElement(details, "DeliveryFile")
    _text(file, "Type", "AudioFile")
    _text(file, "NumberOfChannels", str(record.asset.channels))
    rate = Decimal(record.asset.sample_rate) / 1000
    _text(file, "SamplingRate", f"{rate.normalize():f}", UnitOfMeasure="kHz")
    _text(file, "IsProvidedInDelivery", "false")


def _titles(recording: ET.Element, record: OwnershipRecord) -> None:
    asset = record.asset
    shown = asset.title if asset.version_title is None else f"{asset.title} ({asset.version_title})"
    _text(recording, "DisplayTitleText", shown)
    title = ET.SubElement(
        recording, "DisplayTitle", {"ApplicableTerritoryCode": "Worldwide", "IsDefault": "true"}
    )
    _text(title, "TitleText", asset.title)
    if asset.version_title is not None:
        _text(title, "SubTitle", asset.version_title)


def _artists(
    recording: ET.Element, record: OwnershipRecord, refs: dict[str, str], left_out: list[str]
) -> None:
    names = {party.ref: party.name for party in record.parties}
    artists = [c.party for c in record.contributions if c.role in ("MainArtist", "FeaturedArtist")]
    main = [c.party for c in record.contributions if c.role == "MainArtist"]
    if not main:
        left_out.append("DisplayArtist: the record names no MainArtist")
        return
    shown = ", ".join(names[ref] for ref in main)
    _text(recording, "DisplayArtistName", shown, ApplicableTerritoryCode="Worldwide", IsDefault="true")
    for number, ref in enumerate(dict.fromkeys(artists), 1):
        artist = ET.SubElement(recording, "DisplayArtist", {"SequenceNumber": str(number)})
        _text(artist, "ArtistPartyReference", refs[ref])
        _text(artist, "DisplayArtistRole", "MainArtist" if ref in main else "FeaturedArtist")


def _contributors(
    recording: ET.Element, record: OwnershipRecord, refs: dict[str, str], left_out: list[str]
) -> None:
    """Contributors under the standard's three rules on AI.

    What a machine did alone is the contribution of `GenerativeAI`, not of a party; beside `ContainsAI` All
    there are no other contributors; beside None no contribution of AI.
    """
    overall, number = record.ai_involvement.overall, 0
    for contribution in record.contributions:
        machine = contribution.ai_contribution == "All"
        told = f"contribution of {refs[contribution.party]} as {contribution.role}"
        if overall == "All" and not machine:
            left_out.append(f"{told}: beside ContainsAI All, ERN takes no contributor but generative AI")
            continue
        if overall == "None" and contribution.ai_contribution in ("All", "Partly"):
            left_out.append(f"{told}: its AI part contradicts ContainsAI None")
            continue
        number += 1
        element = ET.SubElement(recording, "Contributor", {"SequenceNumber": str(number)})
        if machine:
            _text(element, "SpecialContributor", GENERATIVE_AI)
            left_out.append(f"{told}: generated, so its contributor is {GENERATIVE_AI} and not the party")
        else:
            _text(element, "ContributorPartyReference", refs[contribution.party])
        _text(ET.SubElement(element, "Role"), "Value", contribution.role)
        if contribution.ai_contribution in CONTAINS_AI:
            _text(element, "AiContribution", str(contribution.ai_contribution))


def _controllers(
    recording: ET.Element, record: OwnershipRecord, refs: dict[str, str], left_out: list[str]
) -> None:
    for row in _of(record.rights, "master"):
        if row.territories != (WORLD,) or row.valid_from or row.valid_to:
            left_out.append(
                f"master share of {refs[row.party]}: a ResourceRightsController has no territory and no dates"
            )
            continue
        element = ET.SubElement(recording, "ResourceRightsController")
        _text(element, "RightsControllerPartyReference", refs[row.party])
        _text(element, "RightSharePercentage", percentage(row.share_ppm))
    for row in _of(record.rights, "publishing"):
        element = ET.SubElement(recording, "WorkRightsController")
        _text(element, "RightsControllerPartyReference", refs[row.party])
        _text(element, "RightSharePercentage", percentage(row.share_ppm))
        for territory in row.territories:
            _text(element, "Territory", "Worldwide" if territory == WORLD else territory)
        if row.valid_from is not None:
            _text(element, "StartDate", row.valid_from[:10])
        if row.valid_to is not None:
            _text(element, "EndDate", row.valid_to[:10])


def _of(rights: Iterable[RightShare], right: str) -> list[RightShare]:
    return [row for row in rights if row.right == right]


def _unsayable(record: OwnershipRecord) -> list[str]:
    said = []
    roles = record.ai_involvement.roles()
    if roles:
        said.append(f"AI by role ({', '.join(roles)}): ERN says it by contributor only")
    if record.generation is not None:
        said.append("generation: the AI system has no element that is known to us")
    if record.voice_consents:
        said.append("voice_consents: ERN has no element for a consent to a voice")
    other = sorted({row.right for row in record.rights} - {"master", "publishing"})
    if other:
        said.append(f"shares of {', '.join(other)}: ERN does not carry them on a recording")
    return said


def percentage(share_ppm: int) -> str:
    """Millionths as a percentage without rounding.

    >>> percentage(333_333), percentage(500_000), percentage(1_000_000)
    ('33.3333', '50', '100')
    """
    return f"{(Decimal(share_ppm) * 100 / WHOLE_PPM).normalize():f}"


def _duration(milliseconds: int) -> str:
    minutes, rest = divmod(milliseconds, 60_000)
    seconds = f"{(Decimal(rest) / 1000).normalize():f}"
    return f"PT{minutes // 60}H{minutes % 60}M{seconds}S"


def _text(parent: ET.Element, name: str, value: str, **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = value
