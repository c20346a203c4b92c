"""What a recording was made from: the score that it renders, the melody that a model was given."""

from dataclasses import dataclass

from provenance.records import shape_checks

RELATIONS = ("score", "melody", "continued")


@dataclass(frozen=True)
class Ingredient:
    """A file that went into the recording, named by its hash and kept elsewhere.

    Attributes:
        relation: `score` (the recording renders its notes), `melody` (a model was told to follow its tune) or
            `continued` (the recording begins with its audio, and a model went on).
        sha256: of the file as it was given.
        format: of the file, such as `midi` or `wav`.
        record_id: the record that its own watermark or credentials name, or under which its sound is
            registered.
        signer: organisation that its content credentials named, whose signature held; the hash of the file
            covers them.
    """

    relation: str
    sha256: str
    format: str | None = None
    record_id: str | None = None
    signer: str | None = None

    def __post_init__(self) -> None:
        shape_checks.one_of(self.relation, "ingredient relation", RELATIONS)
        shape_checks.hex_digits(self.sha256, "ingredient sha256", 64)
        if self.format is not None:
            shape_checks.text(self.format, "ingredient format", limit=20)
        if self.record_id is not None:
            shape_checks.hex_digits(self.record_id, "ingredient record_id", 16)
        if self.signer is not None:
            shape_checks.text(self.signer, "ingredient signer", limit=200)
