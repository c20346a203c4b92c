"""Where Trackmark keeps its state and what it accepts: read from `TRACKMARK_*` variables.

Nothing is read at import: build `Settings()` where the process starts and hand it on.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.limits import LONG_LIMITS, Limits

MIB = 1024 * 1024
_PREFIX = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9._-]+/|\{tenant\}/)*$"


def default_home() -> Path:
    """The platform's user data folder for Trackmark."""
    return user_data_path("trackmark", appauthor=False)


class Settings(BaseSettings):
    """One process's configuration; every field can be set as `TRACKMARK_<NAME>`.

    Attributes:
        home: folder of keys, uploads, outputs and the default database.
        database_url: SQLAlchemy URL; SQLite in `home` unless given, `postgresql+psycopg://` for many
            machines.
        store: `s3://bucket/prefix`, an S3-compatible store of uploads and of what jobs leave behind, for
            servers and workers on several machines; without it these files lie in `home`. Its address
            and credentials are those of other S3 clients: `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and so on.
        batch_sources: from where batches may name objects by their address: `s3://bucket/prefix/`, with
            `{tenant}` for the tenant's name where each has a folder of its own; what is without it is open to
            every tenant. None may overlap with `store`. A JSON list in the environment.
        batch_source_s: how long fetching one such object may take.
        fingerprint_folder: where copies of the fingerprint index lie, `fingerprints` in `home` unless given;
            on a disk of this machine, with room for about twice their size.
        log_origin: name of the transparency log in its checkpoints (C2SP: a schema-less URL), or None
            for a name made from the log's own key.
        witnesses: whom to ask for cosignatures of the log's checkpoints, each `<verifier key> <address>`; a
            JSON list in the environment.
        key_passphrase: encrypts every key on disk; changing it does not re-encrypt existing ones.
        key_passphrase_file: the same, read from a file (a mounted secret); without its last newline.
        record_key, report_key, log_key: signing keys given from outside instead of made on disk: in PEM, or
            as `pkcs11:token=LABEL;object=LABEL`, a key in a hardware module.
        pkcs11_module: library of the hardware module, where the key's URI names none.
        pkcs11_pin: the PIN of its token.
        pkcs11_pin_file: the same, read from a file; without its last newline.
        tsa: address of a time-stamp authority (RFC 3161) for the log's checkpoints.
        credentials_tsa: address of a time-stamp authority that stamps content credentials as they are signed;
            None asks nobody, and tagging needs no network.
        tsa_roots: file of root certificates (PEM) of the authorities whose time stamps are believed.
        max_upload_bytes: largest accepted file.
        max_duration_s: longest accepted audio; the decoder refuses more.
        watermark_search: `full` lets audits look for a mark at every speed, tempo and pitch, `quick` only at
            the file's own and at those that its fingerprint tells.
        keep_sketches: whether a sketch of each track is kept as it is registered, some 25 kB from which no
            sound can be made, so that audits can tell how near others come to it (the check `originality`).
        job_concurrency: jobs that run at once in one process, and one besides of a tenant that has none
            running.
        brief_job_concurrency: the same for lookups by content and enrolments, which run beside those.
        answer_wait_s: how long a request waits for its lookup or enrolment before it tells the client to come
            again.
        run_jobs: whether a server has its queue worked on beside it; False where `trackmark worker` processes
            do it.
        worker_name: what this process is called where jobs are shown; host and process number unless given.
        lease_s: how long a worker may be silent before its job goes to another one.
        job_silence_s: how long a job may make no progress before its worker counts it as hung.
        job_expiry_hours: how long a job may wait for a worker.
        retry_hours: how long the audio of a job that failed by the server's fault is kept, for another try.
        job_attempts: how often a job may be started before it counts as the cause of the crashes.
        shutdown_grace_s: how long a stopping process waits for running jobs; others take them up after it.
        allow_anonymous: answer requests that bring no API key as the `default` tenant with every right but
            `admin`. Meant for a page on one's own machine: requests from elsewhere, or with a header that a
            proxy sets, need a key all the same. A proxy that sets none cannot be told; leave this off there.
        requests_per_minute: per API key (or address when anonymous); 0 turns the limit off.
        uploads_per_minute: the same for requests that start a job.
        uploads_at_once: how many files one tenant may be sending at a time.
        upload_bytes_per_s: how fast all files that one tenant is sending come in together; 0 turns this off.
        upload_expiry_hours: how long an upload that can be resumed is kept after its last byte came in.
        upload_storage_bytes: how much all such uploads of one tenant may have together.
        body_idle_s: how long a request's body may pause.
        body_total_s: how long a request's body may take altogether.
        match_decoded_bytes: how much decoded audio (float32) a query by content may hold in memory.
        enrol_decoded_bytes: how much all recordings of one enrolment may hold together.
        idempotency_hours: how long an `Idempotency-Key` is remembered.
        require_if_match: refuse (428) events of a record that come with neither `If-Match` nor
            `Idempotency-Key`, so that none is made twice or on a state that nobody has seen.
        webhook_trusted: `host` or `host:port` of the operator's own receivers of webhooks, which may be
            reached by http and at addresses that are not public; a JSON list in the environment.
        export_hours: how long an export can be fetched after it was made.
        trail_root_s: how often the transparency log commits to the audit trail, where that has grown.
        oidc_issuer: address of the OpenID Connect provider at which people sign in to the pages; None lets
            them sign in by API key alone. Needs `oidc_client_id` and `public_url`: the provider sends people
            back to `public_url` + `/sign-in/callback`, which has to be entered there.
        oidc_client_id: what this service is called there.
        oidc_client_secret: its secret there; None for a public client.
        oidc_client_secret_file: the same, read from a file; without its last newline.
        oidc_name: what the provider is called on the page; its host unless given.
        oidc_trusted: `host` or `host:port` of further addresses of the provider that may lie within one's own
            network; a JSON list in the environment. The issuer's own host need not be told.
        oidc_roots: file of root certificates (PEM) of the provider; None for the public authorities.
        session_idle_minutes: after what pause a person who signed in at a provider has to do so again.
        session_hours: after what time they have to in any case.
        telemetry_endpoint: where spans go, by OTLP over HTTP (`http://collector:4318/v1/traces`); without it
            there are none. Its headers come from `OTEL_EXPORTER_OTLP_HEADERS`.
        log_format: `text` for people or `json`, one object a line, of what servers and workers log.
        access_log: whether a server logs each answer; where nothing is said, it does as `json`.
        public_url: address under which clients reach the server, for absolute links; None for relative.
    """

    model_config = SettingsConfigDict(
        env_prefix="TRACKMARK_", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    home: Path = Field(default_factory=default_home)
    database_url: str = Field(default="", pattern=r"^(sqlite:///|postgresql\+psycopg://)")
    store: str | None = Field(
        default=None, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?$"
    )
    batch_sources: tuple[Annotated[str, Field(pattern=_PREFIX)], ...] = ()
    batch_source_s: float = Field(default=300.0, gt=0)
    fingerprint_folder: Path | None = None
    log_origin: str | None = None
    witnesses: tuple[str, ...] = ()
    key_passphrase: SecretStr | None = None
    key_passphrase_file: Path | None = None
    record_key: SecretStr | None = None
    report_key: SecretStr | None = None
    log_key: SecretStr | None = None
    pkcs11_module: Path | None = None
    pkcs11_pin: SecretStr | None = None
    pkcs11_pin_file: Path | None = None
    tsa: str | None = None
    credentials_tsa: str | None = Field(default=None, pattern=r"^https?://")
    tsa_roots: Path | None = None
    max_upload_bytes: int = Field(default=512 * MIB, gt=0)
    max_duration_s: float = Field(default=1800.0, gt=0)
    watermark_search: Literal["quick", "full"] = "full"
    keep_sketches: bool = False
    job_concurrency: int = Field(default=1, ge=1, le=64)
    brief_job_concurrency: int = Field(default=1, ge=1, le=64)
    answer_wait_s: float = Field(default=50.0, ge=0)
    run_jobs: bool = True
    worker_name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,64}$")
    lease_s: float = Field(default=30.0, gt=0)
    job_silence_s: float = Field(default=900.0, gt=0)
    job_expiry_hours: float = Field(default=168.0, gt=0)
    retry_hours: float = Field(default=24.0, ge=0)
    job_attempts: int = Field(default=3, ge=1)
    shutdown_grace_s: int = Field(default=5, ge=0)
    allow_anonymous: bool = False
    requests_per_minute: int = Field(default=600, ge=0)
    uploads_per_minute: int = Field(default=60, ge=0)
    uploads_at_once: int = Field(default=8, ge=1)
    upload_bytes_per_s: int = Field(default=32 * MIB, ge=0)
    upload_expiry_hours: float = Field(default=24.0, gt=0)
    upload_storage_bytes: int = Field(default=64 * 1024 * MIB, gt=0)
    body_idle_s: float = Field(default=30.0, gt=0)
    body_total_s: float = Field(default=3600.0, gt=0)
    match_decoded_bytes: int = Field(default=256 * MIB, gt=0)
    enrol_decoded_bytes: int = Field(default=1024 * MIB, gt=0)
    idempotency_hours: float = Field(default=24.0, gt=0)
    require_if_match: bool = False
    webhook_trusted: tuple[str, ...] = ()
    export_hours: float = Field(default=168.0, gt=0)
    trail_root_s: float = Field(default=600.0, gt=0)
    oidc_issuer: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$", max_length=500)
    oidc_client_id: str | None = Field(default=None, min_length=1)
    oidc_client_secret: SecretStr | None = None
    oidc_client_secret_file: Path | None = None
    oidc_name: str | None = Field(default=None, min_length=1, max_length=60)
    oidc_trusted: tuple[str, ...] = ()
    oidc_roots: Path | None = None
    session_idle_minutes: float = Field(default=60.0, ge=5)
    session_hours: float = Field(default=12.0, gt=0)
    telemetry_endpoint: str | None = Field(default=None, pattern=r"^https?://[^/]+/")
    log_format: Literal["text", "json"] = "text"
    access_log: bool | None = None
    public_url: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_urls(cls, values: dict[str, object]) -> dict[str, object]:
        """Derive the database addresses from `home` where they were not given."""
        home = Path(str(values.get("home") or default_home())).expanduser().absolute()
        values["home"] = home
        if not values.get("database_url"):
            values["database_url"] = f"sqlite:///{home / 'trackmark.db'}"
        return values

    @model_validator(mode="after")
    def _whole_provider(self) -> "Settings":
        """A provider is named with all that a sign-in needs, and reached where nobody listens in."""
        if self.oidc_issuer is None:
            return self
        if self.oidc_client_id is None or not (self.public_url or "").startswith(("https://", "http://")):
            raise ValueError("oidc_issuer needs oidc_client_id, and public_url with http:// or https://")
        host = urlsplit(self.oidc_issuer).hostname
        if self.oidc_issuer.startswith("http:") and host not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("oidc_issuer must begin with https://, but on this machine itself")
        return self

    @model_validator(mode="after")
    def _keep_sources_and_store_apart(self) -> "Settings":
        """A tenant that may name what lies in the store could read what others sent."""
        for prefix in self.batch_sources:
            open_to = prefix.partition("{tenant}")[0]
            own = "" if self.store is None else f"{self.store.rstrip('/')}/"
            if own and (own.startswith(open_to) or open_to.startswith(own)):
                raise ValueError(f"the batch source {prefix} overlaps with the store; give it another place")
        return self

    @property
    def uploads(self) -> Path:
        """Folder of audio that waits for its audit."""
        return self.home / "uploads"

    @property
    def outputs(self) -> Path:
        """Folder of reports, pictures and tagged files."""
        return self.home / "outputs"

    @property
    def backup_note(self) -> Path:
        """File that tells when the last backup of the home was made."""
        return self.home / "backup-made-at"

    def limits(self) -> Limits:
        """What the decoder accepts of a file that is taken into memory whole."""
        return replace(Limits().lasting(self.max_duration_s), max_bytes=self.max_upload_bytes)

    def stream_limits(self) -> Limits:
        """The same for a file that is worked on block by block: four hours and 8 GiB unless set otherwise."""
        limits, chosen = LONG_LIMITS, self.model_fields_set
        if "max_duration_s" in chosen:
            limits = limits.lasting(self.max_duration_s)
        return replace(limits, max_bytes=self.max_upload_bytes) if "max_upload_bytes" in chosen else limits
