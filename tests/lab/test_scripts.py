"""Every script of the lab starts: it can be imported and tells how it is called."""

import importlib
import re
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[2] / "lab"


def scripts() -> list[str]:
    """Modules that take arguments."""
    found = []
    for path in sorted(LAB.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "ArgumentParser(" in text and '__name__ == "__main__"' in text:
            name = ".".join(path.relative_to(LAB.parent).with_suffix("").parts)
            found.append(name)
    return found


@pytest.mark.parametrize("name", scripts())
def test_a_script_tells_how_it_is_called(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = importlib.import_module(name)
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as left:
        script.main()
    assert left.value.code == 0
    assert "usage:" in capsys.readouterr().out


def test_the_commands_in_the_documents_are_there() -> None:
    documents = [*LAB.parent.glob("*.md"), *(LAB.parent / "docs").rglob("*.md")]
    words = "".join(document.read_text(encoding="utf-8") for document in documents)
    named = set(re.findall(r"python -m (lab[\w.]*\w)", words))
    assert named
    for module in sorted(named):
        path = LAB.parent / Path(*module.split("."))
        source = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
        assert source.is_file(), f"python -m {module} is in the documents and not in the lab"
        assert "\ndef main(" in source.read_text(encoding="utf-8"), f"{module} cannot be run"
