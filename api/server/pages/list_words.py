"""What the choices of a list's form are called."""

from collections.abc import Iterable, Mapping

from api.actor import HERE, POLICY
from api.language import _, later, named
from api.outbox.trail import SERVICE
from api.report.words.told import ACTIONS
from api.server.pages import lists

Choices = tuple[tuple[str, str], ...]
"""The value of each choice, and what it is called."""

_STATES: Mapping[str, str] = {
    "queued": later("waiting"),
    "running": later("running"),
    "succeeded": later("done"),
    "failed": later("failed"),
    "cancelled": later("cancelled"),
    "expired": later("waited too long"),
    "open": later("open"),
    "decided": later("decided"),
    "appealed": later("under appeal"),
    "pending": later("waiting"),
    "delivered": later("delivered"),
    "asserted": later("asserted"),
    "evidenced": later("evidenced"),
    "disputed": later("disputed"),
    "revoked": later("revoked"),
    "active": later("in force"),
}
_ADVICE: Mapping[int, str] = {
    403: later("You may not do this as you are signed in. An admin can give the role or the scope for it."),
    404: later("It is not there, is not there any more, or is not yours to see."),
    429: later("Wait a moment, then try again."),
    503: later("The server cannot do this now. Wait a moment, then try again."),
}


def advice(status: int) -> str:
    """What to do about a problem of this HTTP status, or nothing."""
    return _(_ADVICE[status]) if status in _ADVICE else ""


_OURS: Mapping[str, str] = {
    # Translators: these three stand behind "by".
    POLICY.name: later("the policy"),
    HERE.name: later("somebody at this machine"),
    SERVICE.name: later("the service"),
}
"""What we call who is neither a key nor a member."""


def actor(name: str) -> str:
    """Whoever a step is entered for, behind "by"."""
    return named(_OURS, name)


def state(name: str) -> str:
    """A state of a job, a case, a message or a record."""
    return named(_STATES, name)


def states(names: Iterable[str]) -> Choices:
    """States to choose from."""
    return tuple((name, state(name)) for name in names)


def jobs() -> Choices:
    """The states of an audit or a comparison."""
    return states(lists.AUDITS["state"])


def records() -> Choices:
    """The states of a record."""
    return states(lists.RECORDS["status"])


def cases() -> Choices:
    """The states of a case."""
    return states(lists.CASES["state"])


def orders() -> Choices:
    """In which order a list comes."""
    return ("", _("newest first")), (lists.OLDEST, _("oldest first"))


def orders_by_name() -> Choices:
    """In which order a list of names comes."""
    return ("", _("by name")), ("-created_at", _("newest first"))


def decisions(*actions: str) -> Choices:
    """What a policy or a person decides."""
    return tuple((action, _(ACTIONS[action][0])) for action in actions)


_PARTS: Mapping[str, str] = {
    "database": later("database"),
    "uploads": later("folder of uploads"),
    "outputs": later("folder of outputs"),
}
_FAULTS = (later("does not answer"),)
"""What `api.server.routes.health` finds wrong, for the catalogues."""


def part(name: str) -> str:
    """A part of the service."""
    return named(_PARTS, name)
