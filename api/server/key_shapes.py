"""API keys as whoever governs them asks for and sees them."""

from datetime import UTC, datetime

from pydantic import Field, field_validator, model_validator

from api.members.role import Role
from api.server.api_keys import KeyInfo, NewKey, Scope
from api.server.roles import SCOPES, role_of
from api.server.schemas import Model


class KeyRequest(Model):
    """An API key to make."""

    name: str = Field(min_length=1, max_length=200, examples=["mastering studio"])
    scopes: list[Scope] | None = Field(
        default=None, min_length=1, description="or a role", examples=[["audits:read", "audits:write"]]
    )
    role: Role | None = Field(
        default=None, description="the scopes of a role instead of `scopes`", examples=[None]
    )
    expires_at: datetime | None = Field(default=None, examples=["2027-12-31T00:00:00Z"])
    tenant: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="only admins of the tenant `default` may make keys of others",
        examples=[None],
    )

    @model_validator(mode="after")
    def _either(self) -> "KeyRequest":
        """Scopes or a role, and not both."""
        if (self.scopes is None) == (self.role is None):
            raise ValueError("send either scopes or a role")
        return self

    @property
    def granted(self) -> frozenset[Scope]:
        """What the key may do."""
        return frozenset(self.scopes or ()) if self.role is None else SCOPES[self.role]

    @field_validator("expires_at")
    @classmethod
    def _in_utc(cls, moment: datetime | None) -> datetime | None:
        """As it is stored."""
        if moment is None:
            return None
        if moment.tzinfo is None:
            raise ValueError("expires_at needs a time zone, such as Z")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise ValueError("expires_at lies outside the calendar") from None


class KeyAnswer(Model):
    """An API key without its secret."""

    id: str
    name: str
    prefix: str = Field(description="how the key starts", examples=["tmk_3f9a1c2b"])
    tenant: str
    scopes: list[Scope]
    role: Role | None = Field(description="the role that has just these scopes", examples=["label"])
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None = Field(description="the key that took its place when it was rotated")

    @classmethod
    def of(cls, info: KeyInfo) -> "KeyAnswer":
        """The key as admins see it."""
        return cls(**{**vars(info), "scopes": list(info.scopes), "role": role_of(info.scopes)})


class NewKeyAnswer(KeyAnswer):
    """A fresh API key; `secret` is shown this once."""

    secret: str = Field(examples=["tmk_3f9a1c2b_..."])

    @classmethod
    def of_new(cls, made: NewKey) -> "NewKeyAnswer":
        """The key as whoever made it sees it."""
        return cls(**KeyAnswer.of(made.info).model_dump(), secret=made.secret)


class RotationRequest(Model):
    """How a key hands over."""

    overlap_s: int = Field(
        default=86_400, ge=0, le=30 * 86_400, description="how long the key that is replaced still works"
    )


class CallerAnswer(Model):
    """Who asks."""

    tenant: str
    scopes: list[Scope]
    role: Role | None = Field(description="the role that has just these scopes", examples=["label"])
    key_id: str | None = Field(description="null for a request without a key")
    name: str | None
    expires_at: datetime | None


class KeyList(Model):
    """API keys of a tenant, oldest first unless sorted otherwise."""

    items: list[KeyAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])
