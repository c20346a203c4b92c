"""The recording that a record speaks of, and how it is marked."""

from dataclasses import dataclass

from provenance.records import identifiers, shape_checks


@dataclass(frozen=True)
class Span:
    """A stretch of the recording in milliseconds, start included, end excluded."""

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        shape_checks.whole(self.start_ms, "start_ms", 0, 1 << 40)
        shape_checks.whole(self.end_ms, "end_ms", self.start_ms + 1, 1 << 40)


@dataclass(frozen=True)
class FingerprintRef:
    """Which acoustic fingerprint stands for the recording: algorithm, parameters, SHA-256 of its bytes."""

    alg: str
    sha256: str
    params: str | None = None

    def __post_init__(self) -> None:
        shape_checks.text(self.alg, "fingerprint alg", limit=100)
        shape_checks.hex_digits(self.sha256, "fingerprint sha256", 64)
        if self.params is not None:
            shape_checks.text(self.params, "fingerprint params")


@dataclass(frozen=True)
class Asset:
    """The recording.

    `sha256_pcm` is over the decoded samples that were registered, `sha256_files` over files that carried
    them before credentials were written into them (a file cannot hold its own hash).
    """

    title: str
    sha256_pcm: str
    duration_ms: int
    sample_rate: int
    channels: int
    container: str
    sha256_files: tuple[str, ...] = ()
    fingerprints: tuple[FingerprintRef, ...] = ()
    version_title: str | None = None
    isrc: str | None = None
    iswc: tuple[str, ...] = ()
    grid: str | None = None
    upc: str | None = None

    def __post_init__(self) -> None:
        shape_checks.text(self.title, "title")
        shape_checks.hex_digits(self.sha256_pcm, "sha256_pcm", 64)
        shape_checks.whole(self.duration_ms, "duration_ms", 1, 1 << 40)
        shape_checks.whole(self.sample_rate, "sample_rate", 1, 1_000_000)
        shape_checks.whole(self.channels, "channels", 1, 64)
        shape_checks.text(self.container, "container", limit=20)
        shape_checks.count(self.sha256_files, "sha256_files")
        shape_checks.distinct(self.sha256_files, "sha256_files")
        for digest in self.sha256_files:
            shape_checks.hex_digits(digest, "sha256_files", 64)
        shape_checks.count(self.fingerprints, "fingerprints", limit=20)
        if self.version_title is not None:
            shape_checks.text(self.version_title, "version_title")
        if self.isrc is not None:
            shape_checks.identifier(self.isrc, "isrc", identifiers.isrc)
        shape_checks.count(self.iswc, "iswc", limit=50)
        shape_checks.distinct(self.iswc, "iswc")
        for work in self.iswc:
            shape_checks.identifier(work, "iswc", identifiers.iswc)
        if self.grid is not None:
            shape_checks.identifier(self.grid, "grid", identifiers.grid)
        if self.upc is not None:
            shape_checks.identifier(self.upc, "upc", identifiers.upc)


@dataclass(frozen=True)
class Mark:
    """A watermark that was embedded. `message` is what it carries, `key_epoch` which tenant key it needs.

    Decibels are in thousandths, because a signed payload has no floats.
    """

    alg: str
    alg_version: str
    message: str
    key_epoch: int = 1
    ecc: str | None = None
    strength_mdb: int | None = None
    snr_mdb: int | None = None
    segments: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        shape_checks.text(self.alg, "mark alg", limit=100)
        shape_checks.text(self.alg_version, "mark alg_version", limit=100)
        shape_checks.hex_digits(self.message, "mark message", 16)
        shape_checks.whole(self.key_epoch, "key_epoch", 1, 1 << 31)
        if self.ecc is not None:
            shape_checks.text(self.ecc, "mark ecc", limit=100)
        for name in ("strength_mdb", "snr_mdb"):
            value = getattr(self, name)
            if value is not None:
                shape_checks.whole(value, name, -1_000_000, 1_000_000)
        shape_checks.count(self.segments, "mark segments")


@dataclass(frozen=True)
class CredentialsRef:
    """A C2PA manifest known for the recording, in the file (`embedded`) or beside it (`sidecar`)."""

    manifest_id: str
    placement: str
    sha256: str | None = None

    def __post_init__(self) -> None:
        shape_checks.text(self.manifest_id, "manifest_id", limit=200)
        shape_checks.one_of(self.placement, "placement", ("embedded", "sidecar"))
        if self.sha256 is not None:
            shape_checks.hex_digits(self.sha256, "credentials sha256", 64)
