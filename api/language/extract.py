"""Brings the catalogues up to date with the code: `python -m api.language.extract`.

New messages come without a translation, and those that are said no more go. Tests fail until each has its
translation.
"""

import io
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from api.language.catalogue import FOLDER, LANGUAGES, Language, catalogue, path_of

ROOT = FOLDER.parent
METHODS = [
    ("**/templates/**.html", "jinja2"),
    ("report/page.html", "jinja2"),
    ("server/static/vendor/**", "ignore"),
    ("server/static/**.js", "javascript"),
    ("language/**", "ignore"),
    ("**.py", "python"),
]
OPTIONS = {name: {"trimmed": "true", "silent": "false"} for name, method in METHODS if method == "jinja2"}
KEYWORDS = {
    "_": None,
    "later": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "Answer": (2,),
}
"""What is called with a message: besides those of gettext, titles of failures."""


def said() -> Catalog:
    """Every message of pages, scripts and reports."""
    found = Catalog(charset="utf-8")
    for name, _line, message, comments, context in extract_from_dir(
        ROOT, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("Translators:",)
    ):
        where = [(f"api/{Path(name).as_posix()}", 1)]
        found.add(message, locations=where, auto_comments=comments, context=context)
    return found


def written(language: Language, found: Catalog) -> str:
    """The catalogue of a language with the messages of the code; its header stands as translators left it."""
    known = catalogue(language)
    known.update(found, no_fuzzy_matching=True, update_header_comment=False)
    known.obsolete.clear()
    body = io.BytesIO()
    write_po(body, known, width=110, omit_header=True, sort_output=True, include_lineno=False)
    header = path_of(language).read_text(encoding="utf-8").split("\n\n")[0]
    return f"{header}\n\n{body.getvalue().decode()}"


def main() -> None:
    """Write every catalogue anew."""
    found = said()
    for language in LANGUAGES:
        if language != "en":
            path_of(language).write_text(written(language, found), encoding="utf-8")


if __name__ == "__main__":
    main()
