"""What an ownership verdict means, in plain words, and what to do about it."""

from api.audit.claims import OwnershipStatus
from api.language import later

MEANINGS: dict[OwnershipStatus, str] = {
    "match": (
        later(
            "The mark, the signed and logged record, and the sound agree. The record proves who claimed "
            "this track and when, not that the claim is true."
        )
    ),
    "disputed": (
        later(
            "More than one party claims this audio, or somebody contests the claim. The log proves "
            "which claim was written down first; it cannot tell who is right. Ask the parties for their "
            "contracts."
        )
    ),
    "record_revoked": (
        later(
            "A revocation of the record was signed and logged, in the name that stands above. Do not rely on "
            "the record; ask its owners whether another replaces it."
        )
    ),
    "transplant_suspected": (
        later(
            "The mark names one track, and the sound under it was recognised as another's: the mark may have "
            "been copied onto it. Do not take the record that it names for this track's."
        )
    ),
    "mark_removed_or_unmarked": (
        later(
            "The sound is that of a registered track, and no mark was found in it. Whether it ever had one "
            "stands above. Ask where the file comes from."
        )
    ),
    "fingerprint_only": (
        later("The sound is that of a registered track; whether it carries the mark could not be checked.")
    ),
    "mark_unconfirmed": (
        later(
            "A mark was read, but nothing confirms that the sound is that of the track that it names; why "
            "stands above. Without that a mark proves nothing, since it can be copied."
        )
    ),
    "unknown_mark": (
        later(
            "The mark was made with this registry's key, but no record explains it: the record was "
            "erased, or belongs to another copy of the registry."
        )
    ),
    "record_invalid": (
        later(
            "A record is on file, but a signature, its place in the log or a witness that you asked for is "
            "missing or wrong; the reason stands above. Until that is cleared up, trust nothing that it says."
        )
    ),
    "credentials_only": (
        later(
            "Only the signed credentials in the file name a record; the mark and the sound do not confirm it."
        )
    ),
    "no_record": (
        later("Nothing ties this audio to a record of this registry. It may be registered elsewhere.")
    ),
    "not_checked": (
        later("Ownership was not checked for this file, or could not be: nothing is known either way.")
    ),
}
"""One for each status; a status without a meaning would be a verdict that nobody can act on."""

MORE = later(
    "For the track that is named, the mark, the signed and logged record, and the sound agree. But the file "
    "holds something else, which belongs to others or cannot be relied on: it stands above. Verified is a "
    "file as a whole; ask who holds the rest."
)
"""Of a match in a file that holds more than that."""

FOLDER_MEANINGS = {
    "verified": (
        later(
            "Every file is as it was signed and logged, and nothing in this folder contests the claim. "
            "That proves who claimed what and when, not that the claim is true."
        )
    ),
    "contested": (
        later(
            "Every file is as it was signed and logged, but a record is disputed or was revoked. Do not rely "
            "on the claim; ask the parties named above."
        )
    ),
    "not_verified": (
        later(
            "Something in this folder was changed, is missing, or was signed by keys that are not "
            "trusted here. "
            "Rely on nothing in it; ask the issuer for the original files, and check that you use the "
            "issuer's "
            "keys."
        )
    ),
}
"""The same for a folder of proofs."""
