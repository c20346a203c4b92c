"""What a C2PA manifest says about a recording (specification 2.4).

The manifest holds the record's id and hash, not the owners or their shares: rich and private data stay in
the record, the file only points to it. Rules that conformance asks for and that are easy to miss:
`specVersion`, `allActionsIncluded`, `c2pa.created` (or `c2pa.opened`) first, and every assertion `created`.
"""

import base64
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from provenance.records.record import OwnershipRecord

SPEC_VERSION = "2.4.0"
SOFT_BINDING_ALG = "org.trackmark.chip.1"
OWNERSHIP_LABEL = "org.trackmark.ownership"
_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"

SOURCE_TYPES = {
    "All": _IPTC + "trainedAlgorithmicMedia",
    "Partly": _IPTC + "compositeWithTrainedAlgorithmicMedia",
    # A produced recording is made by people with tools that are not generative: IPTC digitalCreation.
    # (digitalCapture would be a bare microphone recording, which a mixed track is not.)
    "None": _IPTC + "digitalCreation",
}
"""IPTC digital source type for each level of AI involvement; `Undeclared` has none and claims none."""

PARENT = {"title": "parent", "relationship": "parentOf", "instance_id": "parent", "label": "parent"}
"""The ingredient that an opened file derives from."""


def build(
    record: OwnershipRecord, media_type: str, *, opened: bool, log_origin: str | None
) -> dict[str, Any]:
    """Write the manifest definition for a recording.

    Args:
        record: the ownership record.
        media_type: of the file that will carry the manifest.
        opened: the file derives from a parent ingredient labelled `parent`, so it was opened, not created.
        log_origin: name of the transparency log that holds the record.
    """
    assertions: list[dict[str, Any]] = [
        _assertion("c2pa.actions.v2", {"actions": _actions(record, opened), "allActionsIncluded": True}),
        _assertion(
            "c2pa.soft-binding",
            {
                "alg": SOFT_BINDING_ALG,
                "blocks": [
                    {"scope": {}, "value": base64.b64encode(bytes.fromhex(record.record_id)).decode()}
                ],
            },
        ),
        _assertion(OWNERSHIP_LABEL, ownership(record, log_origin)),
        _assertion("cawg.training-mining", {"entries": _TRAINING_AND_MINING}),
    ]
    if record.ai_involvement.overall in ("All", "Partly"):
        assertions.append(_assertion("c2pa.ai-disclosure", _ai_disclosure(record)))
    return {
        "title": record.asset.title,
        "format": media_type,
        "claim_generator_info": [
            {"name": "Trackmark", "version": _own_version(), "specVersion": SPEC_VERSION}
        ],
        "assertions": assertions,
    }


def ownership(record: OwnershipRecord, log_origin: str | None) -> dict[str, Any]:
    """Our own assertion: which record, in which wording, in which log."""
    value: dict[str, Any] = {
        "record_id": record.record_id,
        "revision": record.revision,
        "payload_sha256": record.digest(),
    }
    if log_origin is not None:
        value["log"] = log_origin
    return value


def _actions(record: OwnershipRecord, opened: bool) -> list[dict[str, Any]]:
    agent: dict[str, Any] = {"name": "Trackmark", "version": _own_version()}
    generation = record.generation
    source_type = SOURCE_TYPES.get(record.ai_involvement.overall)
    first: dict[str, Any] = {"action": "c2pa.opened" if opened else "c2pa.created", "softwareAgent": agent}
    if opened:
        first["parameters"] = {"ingredientIds": ["parent"]}
    elif source_type is not None:
        first["digitalSourceType"] = source_type
    if generation is not None:
        first["when"] = generation.finished_at
        if not opened:
            name = (
                generation.system if generation.model is None else f"{generation.system} {generation.model}"
            )
            first["softwareAgent"] = {"name": name, "version": generation.system_version}
    actions = [first]
    if opened and source_type is not None:
        # Whoever asked us to mark the track also declared how it was made: an edit of the metadata.
        actions.append(
            {"action": "c2pa.edited.metadata", "softwareAgent": agent, "digitalSourceType": source_type}
        )
    actions.append({"action": "c2pa.watermarked.bound", "softwareAgent": agent, "when": record.issued_at})
    return actions


def _ai_disclosure(record: OwnershipRecord) -> dict[str, Any]:
    generation = record.generation
    value: dict[str, Any] = {"modelType": "c2pa.types.model"}
    if generation is not None:
        value["modelName"] = generation.model or generation.system
        value["modelIdentifier"] = (
            f"sha256:{generation.model_sha256}"
            if generation.model_sha256
            else f"{generation.system} {generation.system_version}"
        )
    if record.ai_involvement.overall == "All":
        # For a partly generated track nobody told us how far people oversaw it, so nothing is stated.
        value["contentProfile"] = {"humanOversightLevel": "prompt_guided"}
    return value


_FORBIDDEN = {"use": "notAllowed"}
_TRAINING_AND_MINING = {
    "cawg.ai_inference": _FORBIDDEN,
    "cawg.ai_generative_training": _FORBIDDEN,
    "cawg.ai_training": _FORBIDDEN,
    "cawg.data_mining": _FORBIDDEN,
}


def _assertion(label: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "data": data, "created": True}


def _own_version() -> str:
    try:
        return version("trackmark")
    except PackageNotFoundError:
        return "0"
