"""The signed report of a comparison: which stretches of sound two files share, and what that rests on.

It carries the aligned stretches, what is known of each file, the hashes of both, of the models and of what
was measured of the fingerprint, the log's checkpoint, and the record of each file that was matched, with its
own signature and log proof.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.audit.json_form import Json
from api.compare.comparison import ROLES, Role
from api.language.catalogue import Language
from api.report import words
from api.report.report import SUFFIX, CheckedComparison
from api.report.statement import begin, fingerprint_card, model_cards, numbered, proof, write_signed
from api.report.words import comparison
from provenance.records.report import COMPARISON_TYPE

if TYPE_CHECKING:
    from api.registry.registry import Registry

Found = Mapping[str, Any]
LONGEST_NAME = 90
"""Bytes of each file's name in the name of the report: both, and the endings, fit a file system."""


def build_comparison(found: Found, registry: "Registry", *, public_url: str | None = None) -> Json:
    """The statement that the report of a comparison signs, as JSON.

    Args:
        found: a comparison, as `Comparison.to_dict` tells it.
        registry: supplies checkpoint and records.
        public_url: where the issuer's server is reached by everybody, or None.
    """
    told: Json = {
        "files": {role: _file(found[role]) for role in ROLES},
        "findings": {
            **{role: _known(found[role]) for role in ROLES},
            "same_bytes": found["same_bytes"],
            "alignment": found["alignment"],
        },
        "basis": {
            "alignment": comparison.BASIS,
            **{name: words.BASIS[name] for name in ("watermark", "credentials", "fingerprint", "ownership")},
        },
        "models": model_cards("provenance.watermark"),
        "calibration": fingerprint_card(),
        "limits": limits(),
        "records": {role: proof(found[role]["ownership"], registry) for role in ROLES},
    }
    return numbered(CheckedComparison.schema, told, registry, public_url)


def write_comparison(
    found: Found, registry: "Registry", path: Path, *, public_url: str | None = None
) -> None:
    """Sign the report of a comparison and write it, whole or not at all; see `build_comparison`."""
    begin(registry)
    statement = build_comparison(found, registry, public_url=public_url)
    write_signed(statement, COMPARISON_TYPE, registry, path)


def write_all(
    found: Found,
    registry: "Registry",
    folder: Path,
    *,
    outlines: Mapping[Role, Json],
    public_url: str | None = None,
    language: Language = "en",
) -> tuple[Path, tuple[str, ...]]:
    """Write the signed report, the keys to verify it with, a picture, and a page and a PDF to read.

    Page and PDF speak `language`; the signed report does not depend on it. Files are named after both files;
    `keys.json` is shared by all reports of the folder.

    Args:
        found: a comparison, as `Comparison.to_dict` tells it.
        registry: as in `build_comparison`.
        folder: where to write.
        outlines: the waveform of each file (`api.report.sound.outline`).
        public_url: as in `build_comparison`.
        language: of what people read.

    Returns:
        Where the signed report lies, and why there is no PDF, where none could be made.
    """
    from api.report.linked import linked
    from api.report.rendered import write_readable

    folder.mkdir(parents=True, exist_ok=True)
    stem = stem_of(*(Path(found[role]["file"]).name for role in ROLES))
    signed = folder / f"{stem}{SUFFIX}"
    write_comparison(found, registry, signed, public_url=public_url)
    picture = folder / f"{stem}.png"
    linked(outlines, found["alignment"], picture)
    keys = registry.keys.published.trusted()
    return signed, write_readable(signed, keys, stem, picture=picture, language=language)


def stem_of(original: str, suspect: str) -> str:
    """What the files of a report are called; names that a file system could not bear are cut, and told apart.

    >>> stem_of("song.wav", "clip.mp3")
    'song.wav+clip.mp3'
    """
    cut = [name.encode()[:LONGEST_NAME].decode(errors="ignore") for name in (original, suspect)]
    if cut != [original, suspect]:
        cut.append(hashlib.sha256(f"{original}/{suspect}".encode()).hexdigest()[:12])
    return "+".join(cut)


def limits() -> Json:
    """From where on something is said to be there: field and comparison, and the number."""
    from provenance.fingerprint.chance import MAX_P, MIN_MATCHED_S, MIN_VOTES
    from provenance.watermark.finding import PRESENT_P_VALUE

    return {
        "alignment.p_value at_most": MAX_P,
        "alignment.moments at_least": MIN_VOTES,
        "alignment.matched_s at_least": MIN_MATCHED_S,
        "watermark.p_value at_most": PRESENT_P_VALUE,
    }


def _file(side: Found) -> Json:
    """A file by its name, digest and form."""
    return {"name": Path(side["file"]).name, "sha256": side["sha256"], **side["media"]}


def _known(side: Found) -> Json:
    """What is known of a file, without what two runs may differ in."""
    told = {name: value for name, value in side.items() if name not in ("file", "sha256")}
    return {**told, "watermark": {k: v for k, v in side["watermark"].items() if k != "elapsed_s"}}
