"""The task of the typesetting process: makes a PDF of a document that holds strangers' texts.

typst and the standard library only. It is started by `api.report.pdf` with nothing but a folder and an order
on standard input; it bounds its own memory and time, and answers on standard output with `P` and the PDF, or
with `E` and why there is none.
"""

import json
import re
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typst import PDFStandard

STANDARDS: tuple[list["PDFStandard"], ...] = (["a-3a", "ua-1"], ["a-3b"])
"""First with everything that readers for the blind need; some scripts cannot be mapped that strictly."""
ROUNDS = 6
MEMORY_BYTES = 6 << 30
CPU_S = 60
LARGEST_PDF = 64 << 20
_UNSHOWN = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]+)\}|\\(.)")


def main() -> None:
    """Read an order, typeset, answer."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_PDF, LARGEST_PDF))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = json.load(sys.stdin.buffer)
    try:
        answer = b"P" + typeset(order)
    except RuntimeError as error:
        answer = b"E" + str(error)[:2000].encode()
    sys.stdout.buffer.write(answer)


def typeset(order: dict[str, Any]) -> bytes:
    """The PDF of an order: `folder`, `document`, `moment`, `timestamp` and the other inputs of the template.

    Raises:
        RuntimeError: it cannot be made.
    """
    import typst

    folder, document = Path(order["folder"]), order["document"]
    for number, standards in enumerate(STANDARDS):
        for _ in range(ROUNDS):
            inputs = {**order["inputs"], "document": json.dumps(document)}
            try:
                made = typst.compile(
                    folder / "paper.typ",
                    root=folder,
                    format="pdf",
                    sys_inputs=inputs,
                    pdf_standards=standards,
                    timestamp=int(order["timestamp"]),
                )
            except typst.TypstError as error:
                missing = unshown(str(error.diagnostic))
                if not missing and number + 1 < len(STANDARDS):
                    break
                if not missing:
                    raise
                document = spelled_out(document, missing)
            else:
                return made
    raise RuntimeError("no font here shows all of its characters")


def unshown(diagnostic: str) -> frozenset[str]:
    """The characters that no font here shows, as the typesetter names them."""
    texts = (_ESCAPE.sub(_unescaped, found) for found in _UNSHOWN.findall(diagnostic))
    return frozenset(c for text in texts for c in text)


def _unescaped(match: "re.Match[str]") -> str:
    return chr(int(match[1], 16)) if match[1] else match[2]


def spelled_out(value: Any, missing: frozenset[str]) -> Any:
    """The same JSON with these characters as `[U+1F600]`."""
    if isinstance(value, str):
        return "".join(f"[U+{ord(c):04X}]" if c in missing else c for c in value)
    if isinstance(value, list):
        return [spelled_out(one, missing) for one in value]
    if isinstance(value, dict):
        return {name: spelled_out(one, missing) for name, one in value.items()}
    return value


if __name__ == "__main__":
    main()
