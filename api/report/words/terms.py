"""Method and glossary of a report, in words that need no training."""

from api.language import _, later

METHOD = (
    later("The file was decoded in a closed process and never changed. Its SHA-256 names it byte for byte."),
    later(
        "Watermark: noise below the music, spread by a secret key, is sought and its message read. The "
        "p-value is "
        "the chance of reading as much in audio without a mark."
    ),
    later(
        "Fingerprint: moments at which the spectrum peaks are compared with those of every registered track."
    ),
    later(
        "Content credentials: the manifest in the file (C2PA) is read, and its signature, its hold on the "
        "file and "
        "its signer are judged apart from each other."
    ),
    later(
        "Traces of a machine: neural decoders work in steps, which leave faint regular lines and pulses. "
        "They are "
        "sought in the sound, and the result is compared with recordings by people."
    ),
    later(
        "Voice: vocals are compared with synthetic and recorded voices, and with the voice prints of "
        "enrolled artists."
    ),
    later(
        "Ownership joins mark, sound, signed record and credentials: a mark counts only where the sound is "
        "that of its "
        "record."
    ),
    later(
        "A policy, a dated list of rules, turns the findings into accept, review or reject. It measures "
        "nothing itself."
    ),
)
TERMS = (
    (
        later("accept"),
        later("no rule of the policy objects; no statement that the recording is genuine or made by people"),
    ),
    (later("checkpoint"), later("the log's signed statement of its size and of everything in it")),
    (
        later("[U+1F3B8]"),
        later("and the like: a character that cannot be printed here, by its number in the Unicode standard"),
    ),
    (
        later("1e-6"),
        later("and the like: a power of ten; 1e-6 is one in a million, 1e-9 one in a thousand million"),
    ),
    (later("clone"), later("a synthetic copy of a person's voice")),
    (
        later("comb"),
        later("a row of lines at equal distances in the spectrum, as neural decoders leave them"),
    ),
    (later("content credentials"), later("signed statements inside a file, by the C2PA standard")),
    (later("dispute"), later("a signed statement in the log that contests a record")),
    (
        later("fingerprint"),
        later("features of the sound by which a known recording is recognised without any mark"),
    ),
    (later("ISRC"), later("International Standard Recording Code, the number of a recording")),
    (later("key id"), later("the SHA-256 of a public key: its name")),
    (
        later("likelihood ratio"),
        later("how much better one explanation fits the measurement than the other, as a power of ten"),
    ),
    (
        later("log"),
        later(
            "a list to which entries can only be added: whoever kept an earlier checkpoint can detect any "
            "later change"
        ),
    ),
    (later("mark, watermark"), later("an inaudible signal in the sound that names a record")),
    (later("neural decoder"), later("the part of an AI system or neural codec that produces the sound")),
    (
        later("p-value"),
        later("how often a result at least this strong turns up by chance where there is nothing to find"),
    ),
    (later("record"), later("a signed statement of who claims what about a recording")),
    (later("review"), later("a person should look at the file before it is used")),
    (later("revocation"), later("a signed statement in the log that withdraws a record")),
    (later("score"), later("a number from 0 to 1; higher is more synthetic; 0.50 is even")),
    (
        later("SHA-256"),
        later("a checksum by which a file is recognised: no two different files with the same one are known"),
    ),
    (later("transplant"), later("a mark that was copied onto a recording to which it does not belong")),
    (later("witness"), later("a third party that confirms what the log showed it, and when")),
)


def glossary(*names: str) -> tuple[tuple[str, str], ...]:
    """Terms and what they mean, in the order of the alphabet of the language: all, or those that are "
    "named."""
    told = [(_(term), _(meaning)) for term, meaning in TERMS if not names or term in names]
    return tuple(sorted(told, key=lambda pair: pair[0].casefold()))
