"""What answers hold that are written elsewhere as JSON: key files, envelopes, waveforms.

They are told in the OpenAPI document; the bytes are those of the parts that write them.
"""

from typing import Annotated, Any

from pydantic import BaseModel, Field

_PEM = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA...\n-----END PUBLIC KEY-----\n"
_VKEY = "trackmark.example/log+1f2e3d4c+AVWtZxk2..."
_BASE64 = "eyJ2IjoxfQ=="


class Signature(BaseModel):
    """One signature of an envelope."""

    keyid: str = Field(description="SHA-256 of the public key, 64 hex digits", examples=["ab" * 32])
    sig: str = Field(description="Base64", examples=[_BASE64])


class SignedEnvelope(BaseModel):
    """A DSSE envelope: a payload and who signed it."""

    payloadType: str = Field(examples=["application/vnd.trackmark.report+json"])  # noqa: N815  # DSSE's name
    payload: str = Field(description="what is signed, in Base64", examples=[_BASE64])
    signatures: list[Signature]


class LoggedKeyEvent(BaseModel):
    """A rotation or revocation of a key, signed, and what proves that it was logged."""

    envelope: SignedEnvelope
    tlog_proof: str = Field(description="a C2SP tlog-proof", examples=["c2sp.org/tlog-proof@v1\n..."])
    salt: str = Field(description="hex digits", examples=["ab" * 32])


class KeyEventList(BaseModel):
    """Key events, in the order of the log."""

    items: list[LoggedKeyEvent]


class PublishedKey(BaseModel):
    """A public key of this server."""

    keyid: str = Field(examples=["ab" * 32])
    purpose: str = Field(description="what it signs", examples=["report"])
    algorithm: str = Field(examples=["ed25519"])
    public_pem: str = Field(examples=[_PEM])
    created_at: str = Field(examples=["2026-11-22T10:00:00+00:00"])
    revoked_at: str | None = Field(examples=[None])


class PublishedKeys(BaseModel):
    """Public keys: what `keys.json` holds for the offline verifier, and each key with its dates."""

    v: int = Field(description="2 where a key has ended", examples=[1])
    log: list[str] = Field(description="C2SP verifier keys", examples=[[_VKEY]])
    record: list[str] = Field(description="PEM", examples=[[_PEM]])
    report: list[str] = Field(description="PEM", examples=[[_PEM]])
    lives: Annotated[list[dict[str, Any]], Field(default=[], description="of keys that have dates")]
    tsa: Annotated[list[str], Field(default=[], description="time-stamp authorities, PEM", examples=[[]])]
    keys: list[PublishedKey]
    c2pa_trust_anchor: str | None = Field(
        description="PEM of the root behind content credentials", examples=[None]
    )


class Outline(BaseModel):
    """A waveform for a player: lowest and highest sample of equal stretches, in [-1, 1]."""

    duration_s: float = Field(examples=[183.2])
    low: list[float] = Field(examples=[[-0.41, -0.52, -0.3]])
    high: list[float] = Field(examples=[[0.4, 0.55, 0.29]])
