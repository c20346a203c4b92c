"""Method and glossary of a report, in words that need no training."""

METHOD = (
    "The file was decoded in a closed process and never changed. Its SHA-256 names it byte for byte.",
    "Watermark: noise below the music, spread by a secret key, is sought and its message read. The "
    "p-value is "
    "the chance of reading as much in audio without a mark.",
    "Fingerprint: moments at which the spectrum peaks are compared with those of every registered track.",
    "Content credentials: the manifest in the file (C2PA) is read, and its signature, its hold on the "
    "file and "
    "its signer are judged apart from each other.",
    "Traces of a machine: neural decoders work in steps, which leave faint regular lines and pulses. "
    "They are "
    "sought in the sound, and the result is compared with recordings by people.",
    "Voice: vocals are compared with synthetic and recorded voices, and with the voice prints of "
    "enrolled artists.",
    "Ownership joins mark, sound, signed record and credentials: a mark counts only where the sound is "
    "that of its "
    "record.",
    "A policy, a dated list of rules, turns the findings into accept, review or reject. It measures "
    "nothing itself.",
)
TERMS = (
    ("accept", "no rule of the policy objects; no statement that the recording is genuine or made by people"),
    ("checkpoint", "the log's signed statement of its size and of everything in it"),
    ("clone", "a synthetic copy of a person's voice"),
    ("content credentials", "signed statements inside a file, by the C2PA standard"),
    ("dispute", "a signed statement in the log that contests a record"),
    ("fingerprint", "features of the sound by which a known recording is recognised without any mark"),
    ("ISRC", "International Standard Recording Code, the number of a recording"),
    ("key id", "the SHA-256 of a public key: its name"),
    (
        "likelihood ratio",
        "how much better one explanation fits the measurement than the other, as a power of ten",
    ),
    ("log", "a public list to which entries can only be added; any later change can be detected"),
    ("mark, watermark", "an inaudible signal in the sound that names a record"),
    ("neural decoder", "the part of an AI system or neural codec that produces the sound"),
    ("p-value", "how often a result at least this strong turns up by chance where there is nothing to find"),
    ("record", "a signed statement of who claims what about a recording"),
    ("review", "a person should look at the file before it is used"),
    ("revocation", "a signed statement in the log that withdraws a record"),
    ("score", "a number from 0 to 1; higher is more synthetic; 0.50 is even"),
    ("SHA-256", "a checksum that no two known files share; it changes when one bit of the file does"),
    ("transplant", "a mark that was copied onto a recording to which it does not belong"),
    ("witness", "a third party that confirms what the log showed it, and when"),
)
