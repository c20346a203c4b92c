"""An audit in sentences for everybody: what was asked, what was found, what would change the decision."""

from api.language import later

CHECKS = {
    "watermark": later("whether it carries this registry's hidden mark"),
    "credentials": later(
        "whether signed content credentials are attached to the file, and whether its own tags say AI"
    ),
    "fingerprint": later("whether it is, or contains, a registered recording"),
    "music": later("whether the sound bears traces of a machine"),
    "voice": later(
        "whether the voice is a synthetic copy of that of an artist who is enrolled here, for comparison"
    ),
    "originality": later("which registered tracks it is most like in melody, rhythm, timbre and structure"),
}
"""What each check asks, in words of everybody."""
OWNED = {
    "match": later("The recording is registered here: %(named)s."),
    "disputed": later("The recording is registered here, and its ownership is disputed."),
    "record_revoked": later("The recording was registered here; the record was revoked."),
    "transplant_suspected": later("The recording carries a hidden mark that names another recording."),
    "mark_removed_or_unmarked": later(
        "The recording is registered here: %(named)s. No hidden mark was found in this copy."
    ),
    "fingerprint_only": later(
        "The recording is registered here: %(named)s. Its hidden mark could not be looked for."
    ),
    "mark_unconfirmed": later(
        "A hidden mark names a record, but nothing confirms that the sound is that record's."
    ),
    "unknown_mark": later("The recording carries a hidden mark of this registry that no record explains."),
    "record_invalid": later(
        "The record of this recording does not verify: nothing that it says can be relied on."
    ),
    "credentials_only": later(
        "Only signed data in the file name a record; the sound itself does not confirm it."
    ),
    "no_record": later("No record of this registry was found for the recording."),
    "not_checked": later("Whose recording it is was not checked, or could not be."),
}
"""What each status of ownership says, for who reads one sentence."""
MADE = {
    "synthetic": later(
        "Its sound bears traces of a machine (a neural decoder), as music made by AI does, and as recordings "
        "sent through a neural codec do."
    ),
    "no_trace": later(
        "No traces of a machine were found in its sound, which does not show that people made it."
    ),
    "bona_fide": later(
        "No traces of a machine were found in its sound, which does not show that people made it."
    ),
    "uncertain": later("Whether its sound bears traces of a machine cannot be decided."),
}
FELL_OUT = {
    "transplant-suspected": later(
        "a comparison in which the audio is that of the record that the mark names."
    ),
    "record-invalid": later("a record whose signature and place in the log verify."),
    "disputed": later("the end of the dispute, signed and entered in the log."),
    "holds-a-track-of-others": later(
        "a transfer in the log after which the same owners hold all of it; a licence only a person can judge."
    ),
    "holds-a-track-that-does-not-stand": later(
        "the end of the dispute, a record in place of the revoked one, or one that verifies."
    ),
    "holds-a-mark-of-an-unknown-record": later("the record that the mark names."),
    "holds-a-mark-unconfirmed": later(
        "a comparison in which the audio there is that of the record that the mark names."
    ),
    "mark-not-sought-everywhere": later("an audit of that part by itself."),
    "record-revoked": later("a new record in place of the revoked one."),
    "log-unsigned": later("a checkpoint of the log that its key has signed and that holds the record."),
    "credentials-tampered": later("the file as it was signed."),
    "credentials-faulty": later("credentials that hold, or a file without any."),
    "credentials-name-an-unknown-record": later("that record, in this registry."),
    "credentials-name-another-record": later(
        "credentials that name the record which mark and sound name, or a file without any."
    ),
    "credentials-say-ai": later("a verified record that declares how AI was used."),
    "tags-say-ai": later(
        "a verified record that declares how AI was used. Taking the tags out changes nothing of "
        "how the recording was made."
    ),
    "mark-removed-or-unmarked": later("the marked copy of the recording."),
    "unknown-mark": later("the record that the mark names."),
    "mark-unconfirmed": later("a comparison of the sound with the record that the mark names."),
    "undeclared-synthetic-music": later(
        "a verified record that declares how AI was used. The traces alone decide "
        "nothing: how the recording was made, a person must find out."
    ),
    "traces-beyond-what-is-declared": later(
        "a verified record that declares how AI was used, for the rest of the audio, too."
    ),
    "declares-no-ai-bears-traces": later(
        "an amended declaration, or an explanation of the traces that satisfies a person."
    ),
    "voice-clone-without-consent": later("a consent of the artist on record that covers this use."),
}
"""What would make each rule of the default policy fall silent."""
