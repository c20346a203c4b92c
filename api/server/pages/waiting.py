"""What waits for a person: open and appealed cases, and notices, those with a day first."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from api.cases.cases import Cases
from api.language import _
from api.language.figures import day_text
from api.law.law import shipped
from api.lists.cursors import Cursors
from api.lists.query import Wanted
from api.notices.notice import deadlines
from api.notices.notices import Notices
from api.server.pages import case_words, notice_words

SHOWN = 5
_CASES = ("appealed", "open")
_NOTICES = ("countered", "received", "incomplete")


@dataclass(frozen=True)
class Waiting:
    """Something that waits.

    Attributes:
        address: of its page.
        why: in a few words.
    """

    address: str
    name: str
    why: str


def cases(engine: Engine, tenant: str, cursors: Cursors) -> list[Waiting]:
    """Cases that nobody has decided, the appealed ones first."""
    of = Cases.of(engine, tenant)
    pages = (of.page(Wanted(SHOWN, state=state), cursors).entries for state in _CASES)
    found = [one for page in pages for one in page][:SHOWN]
    return [Waiting(f"/cases/{one.id}", one.subject, case_words.state(one)) for one in found]


def notices(engine: Engine, tenant: str, cursors: Cursors) -> list[Waiting]:
    """Notices that nobody has answered, those with a day that the law sets first."""
    of = Notices.of(engine, tenant)
    pages = (of.page(Wanted(SHOWN, state=state), cursors).entries for state in _NOTICES)
    dated: list[tuple[date, Waiting]] = []
    for one in (one for page in pages for one in page):
        due = next(iter(deadlines(one, shipped())), None)
        state = _(notice_words.STATES[one.state])
        why = _("%(state)s, due %(day)s", state=state, day=day_text(due.on)) if due else state
        name = one.material or _("Material not stated")
        dated.append((due.on if due else date.max, Waiting(f"/notices/{one.id}", name, why)))
    return [one for _, one in sorted(dated, key=lambda pair: pair[0])][:SHOWN]
