"""Bills of materials (CycloneDX 1.6) of the tested set and of a wheel: `python -m lab.sbom FOLDER`.

Writes `installed.cdx.json`, every package of `core/requirements.txt` as it is installed, and, with `--wheel`,
`wheel.cdx.json`: the wheel with its digest, and what of that set it brings along.
"""

import argparse
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from core import install

ROOT = "trackmark"


def needed(name: str) -> list[str]:
    """The packages that an installed one asks for here, without extras, by their canonical names."""
    found = (Requirement(line) for line in importlib.metadata.requires(name) or ())
    return sorted(
        {
            canonicalize_name(one.name)
            for one in found
            if one.marker is None or one.marker.evaluate({"extra": ""})
        }
    )


def brought(name: str, known: Iterable[str]) -> set[str]:
    """Every package of the tested set that installing one brings along."""
    known, found, open_ones = set(known), set[str](), [name]
    while open_ones:
        for one in needed(open_ones.pop()):
            if one in known and one not in found:
                found.add(one)
                open_ones.append(one)
    return found


def component(name: str) -> Component:
    """An installed package."""
    told = importlib.metadata.metadata(name).json
    version = importlib.metadata.version(name)
    licence = str(told.get("license_expression") or told.get("license") or "")
    made = Component(
        name=str(told["name"]),
        version=version,
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", name=canonicalize_name(name), version=version),
        bom_ref=canonicalize_name(name),
        description=str(told.get("summary", "")),
    )
    if licence and len(licence.splitlines()) == 1:
        made.licenses.add(LicenseFactory().make_from_string(licence))
    return made


def bom(root: Component, names: Iterable[str]) -> Bom:
    """What a component is made of, and what of it asks for what."""
    made = Bom()
    made.metadata.component = root
    parts = {name: component(name) for name in sorted(names)}
    made.components.update(parts.values())
    asked = [parts[name] for name in needed(ROOT) if name in parts]
    made.register_dependency(root, asked)
    for name, part in parts.items():
        made.register_dependency(part, [parts[one] for one in needed(name) if one in parts])
    return made


def set_up() -> Component:
    """Trackmark as it is installed."""
    made = component(ROOT)
    made.type = ComponentType.APPLICATION
    return made


def wheel(path: Path) -> Component:
    """A wheel of Trackmark, with its digest."""
    made = set_up()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    made.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=digest))
    return made


def write(made: Bom, path: Path) -> None:
    """Write one as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    JsonV1Dot6(made).output_to_file(str(path), allow_overwrite=True, indent=1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both."""
    parser = argparse.ArgumentParser(prog="python -m lab.sbom", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to")
    parser.add_argument("--wheel", type=Path, help="a wheel of Trackmark")
    asked = parser.parse_args(arguments)
    known = [canonicalize_name(name) for name in install.pins()]
    written = [asked.folder / "installed.cdx.json"]
    write(bom(set_up(), known), written[0])
    if asked.wheel is not None:
        written.append(asked.folder / "wheel.cdx.json")
        write(bom(wheel(asked.wheel), brought(ROOT, known)), written[1])
    print(*written, sep="\n", file=sys.stdout)


if __name__ == "__main__":
    main()
