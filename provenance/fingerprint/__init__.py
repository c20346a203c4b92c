"""Acoustic fingerprint: which known track is this, when no mark and no metadata are left?

`extract` turns audio into hashes of triplets of spectral peaks that survive codecs, noise, filters,
rooms, mixes and changes of speed, tempo and pitch up to about ten per cent; an index finds the tracks
that share them.
"""

from provenance.fingerprint.copies import Copies
from provenance.fingerprint.extract import Fingerprint, extract
from provenance.fingerprint.mapped_index import MappedIndex
from provenance.fingerprint.match import Found, Match, Stretch
from provenance.fingerprint.pair import align
from provenance.fingerprint.recent import Recent
from provenance.fingerprint.search import Index
from provenance.fingerprint.sql import SqlIndex, fingerprint_metadata

__all__ = [
    "Copies",
    "Fingerprint",
    "Found",
    "Index",
    "MappedIndex",
    "Match",
    "Recent",
    "SqlIndex",
    "Stretch",
    "align",
    "extract",
    "fingerprint_metadata",
]
