"""The languages that are spoken, and the catalogue of each: the .po file as translators edit it.

It is read as it stands, once in a process and not before somebody asks for that language: nothing has to be
compiled, and no file can be out of step with it.
"""

import gettext
import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

if TYPE_CHECKING:
    from babel.messages import Catalog

Language = Literal["en", "de"]
LANGUAGES: Mapping[Language, str] = {"en": "English", "de": "Deutsch"}
"""Each language by its code (ISO 639-1), called as those who speak it call it."""
FOLDER = Path(__file__).parent


def language_of(code: str | None) -> Language | None:
    """A language by its code; None for one that is not spoken here."""
    return cast("Language", code) if code in get_args(Language) else None


def path_of(language: Language) -> Path:
    """Where the catalogue of a language lies; English needs none."""
    return FOLDER / f"{language}.po"


def catalogue(language: Language) -> "Catalog":
    """The catalogue of a language, as it is written."""
    from babel.messages.pofile import read_po

    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: Language) -> gettext.NullTranslations:
    """What is said in a language for each message; what a catalogue does not hold is said in English."""
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@lru_cache(maxsize=len(LANGUAGES))
def script_words(language: Language) -> Mapping[str, str]:
    """What the scripts of the pages say, by message; empty for English."""
    if language == "en":
        return {}
    return {
        message.id: str(message.string)
        for message in catalogue(language)
        if isinstance(message.id, str) and any(name.endswith(".js") for name, _ in message.locations)
    }
