"""Who does something: a person behind a key, somebody at this machine, or the service itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Whoever a step is entered for.

    Attributes:
        name: of the key or the member, as it is called at this moment.
        key_id: of the API key; None where none was used.
    """

    name: str
    key_id: str | None = None


POLICY = Actor("the policy")
"""The service, as the policy of an audit tells it to."""
HERE = Actor("somebody at this machine")
"""Who asks without a key, where that is allowed."""
