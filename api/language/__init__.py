"""The words that people read, in their language; the words of the API, of files and of logs stay English.

A sentence stands in the code in English, inside `_`, `ngettext` or `pgettext` (or `later`, where it is kept
to be said later), and in a catalogue of this folder in every other language. `speaking` chooses the language.
"""

from api.language.catalogue import LANGUAGES, language_of
from api.language.spoken import _, later, named, ngettext, pgettext, speaking, spoken

__all__ = [
    "LANGUAGES",
    "_",
    "language_of",
    "later",
    "named",
    "ngettext",
    "pgettext",
    "speaking",
    "spoken",
]
