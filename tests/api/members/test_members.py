"""Members are invited, join by their address once, and are governed without losing the last admin."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from api import database
from api.actor import Actor
from api.database.tables import Table
from api.errors import ConflictingEntry, UnknownEntry
from api.identity.account import Account
from api.members.members import INVITED, Member, Members, every_tenant, tenant_of
from api.members.role import Role
from api.members.sessions import Sessions
from api.server.api_keys import ApiKeys, Scope
from api.tenants.tenants import Tenants
from core import clock

BY = Actor("the tests")
ISSUER = "https://provider.example"
IDLE, TOTAL = timedelta(hours=1), timedelta(hours=12)
MEMBERS, SESSIONS = (Table.metadata.tables[name] for name in ("members", "member_sessions"))
EVENTS = Table.metadata.tables["trail_events"]


@pytest.fixture
def members(engine: Engine) -> Members:
    return Members(engine, "label-a")


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return Sessions(engine, IDLE, TOTAL)


def account(subject: str, email: str | None = None, *, issuer: str = ISSUER) -> Account:
    return Account(issuer, subject, email, subject.capitalize())


def joined(members: Members, sessions: Sessions, name: str, role: Role = Role.LABEL) -> Member:
    members.invite(f"{name}@label.example", role, BY)
    (found,) = sessions.admit(account(name, f"{name}@label.example"))
    return found


def later(engine: Engine, column: str, by: timedelta) -> None:
    """Put what a session or an invitation counts from into the past."""
    table = MEMBERS if column == "invited_at" else SESSIONS
    with database.writing(engine) as connection:
        connection.execute(update(table).values({column: clock.now() - by}))


def test_an_invitation_belongs_to_the_first_account_with_its_address(
    members: Members, sessions: Sessions
) -> None:
    made = members.invite("Ada@Label.example", Role.AUDITOR, BY)
    assert (made.email, made.joined_at, made.invited_by) == ("Ada@Label.example", None, "the tests")
    assert sessions.admit(account("ada")) == []  # the provider has verified no address
    assert sessions.admit(account("eve", "eve@label.example")) == []
    (ada,) = sessions.admit(account("ada", "ada@LABEL.example"))
    assert (ada.id, ada.role, ada.shown) == (made.id, Role.AUDITOR, "Ada <Ada@Label.example>")
    assert sessions.admit(account("other", "ada@label.example")) == []
    assert sessions.admit(account("ada", "ada@label.example", issuer="https://else.example")) == []
    assert sessions.admit(account("ada")) == [members.get(ada.id)]  # known by the account from now on


def test_an_address_is_invited_once_and_not_for_ever(
    engine: Engine, members: Members, sessions: Sessions
) -> None:
    first = members.invite("ada@label.example", Role.LABEL, BY)
    with pytest.raises(ConflictingEntry):
        members.invite("ADA@label.example", Role.ADMIN, BY)
    later(engine, "invited_at", INVITED)
    assert members.get(first.id).expired(clock.now())
    assert sessions.admit(account("ada", "ada@label.example")) == []
    again = members.invite("ada@label.example", Role.LABEL, BY)
    assert again.id != first.id and [one.id for one in members.listed()] == [again.id]
    assert members.invite("ada@label.example", Role.LABEL, BY, member_id=again.id) == again  # sent again


def test_a_session_ends_after_a_pause_and_after_all(engine: Engine, members: Members) -> None:
    sessions = Sessions(engine, IDLE, TOTAL)
    ada = joined(members, sessions, "ada")
    for column, by in (("seen_at", IDLE), ("began_at", TOTAL)):
        secret = sessions.begin(ada)
        assert sessions.member(secret).id == ada.id
        later(engine, column, by - timedelta(minutes=2))
        assert sessions.member(secret).id == ada.id  # and is seen now
        later(engine, column, by)
        with pytest.raises(UnknownEntry):
            sessions.member(secret)
    sessions.begin(ada)
    with database.reading(engine) as connection:
        assert len(connection.execute(select(SESSIONS)).all()) == 1  # those that ended are gone


@pytest.mark.parametrize("what", ["suspend", "role", "remove", "tenant", "sign out"])
def test_what_ends_a_session_at_once(engine: Engine, members: Members, sessions: Sessions, what: str) -> None:
    ada = joined(members, sessions, "ada")
    bob = joined(members, sessions, "bob")
    secret, other = sessions.begin(ada), sessions.begin(bob)
    tenants = Tenants(engine)
    if what == "suspend":
        members.suspend(ada.id, "gone", BY)
        assert sessions.admit(account("ada", "ada@label.example")) == []
        members.resume(ada.id)
    elif what == "role":
        assert members.change_role(ada.id, Role.AUDITOR).role is Role.AUDITOR
    elif what == "remove":
        members.remove(ada.id)
        assert sessions.admit(account("ada", "ada@label.example")) == []
    elif what == "tenant":
        tenants.enter("label-a", "A", BY)
        tenants.suspend("label-a", "gone", BY)
        assert sessions.admit(account("ada")) == []
        tenants.resume("label-a")
    else:
        sessions.end(secret)
    with pytest.raises(UnknownEntry):
        sessions.member(secret)  # and not again once what ended it is taken back
    if what != "tenant":
        assert sessions.member(other).id == bob.id


def test_a_suspended_member_is_refused_whatever_rows_there_are(
    engine: Engine, members: Members, sessions: Sessions
) -> None:
    secret = sessions.begin(joined(members, sessions, "ada"))
    with database.writing(engine) as connection:
        connection.execute(update(MEMBERS).values(suspended_at=clock.now()))
    with pytest.raises(UnknownEntry):
        sessions.member(secret)


def test_the_last_admin_stays(engine: Engine, members: Members, sessions: Sessions) -> None:
    ada = joined(members, sessions, "ada", Role.ADMIN)
    invited = members.invite("bob@label.example", Role.ADMIN, BY)  # governs nothing yet
    joined(Members(engine, "label-b"), sessions, "carl", Role.ADMIN)  # nor in label-a
    for attempt in (
        lambda: members.remove(ada.id),
        lambda: members.suspend(ada.id, "x", BY),
        lambda: members.change_role(ada.id, Role.LABEL),
    ):
        with pytest.raises(ConflictingEntry, match="last admin"):
            attempt()
    assert members.get(ada.id) == ada
    key = ApiKeys(engine).create("spare", frozenset({Scope.ADMIN}), tenant="label-a")
    members.suspend(ada.id, "x", BY)  # somebody with the key can still govern
    members.resume(ada.id)
    with pytest.raises(ConflictingEntry):
        ApiKeys(engine).revoke(key.info.id, "label-a")
    ApiKeys(engine).revoke(key.info.id, "label-a", by_operator=True)
    with pytest.raises(ConflictingEntry, match="last admin"):
        members.remove(ada.id)
    sessions.admit(account("bob", "bob@label.example"))
    members.remove(ada.id)
    with pytest.raises(ConflictingEntry, match="last admin"):
        members.remove(invited.id)


def test_tenants_are_kept_apart(engine: Engine, members: Members, sessions: Sessions) -> None:
    other = Members(engine, "label-b")
    ada = joined(members, sessions, "ada")
    other.invite("ada@label.example", Role.AUDITOR, BY)
    both = sessions.admit(account("ada", "ada@label.example"))
    assert {one.tenant: one.role for one in both} == {"label-a": Role.LABEL, "label-b": Role.AUDITOR}
    assert [one.id for one in members.listed()] == [ada.id]
    theirs = next(one for one in both if one.tenant == "label-b")
    sessions.begin(theirs)
    assert sessions.admit(account("ada"))[0].id == theirs.id  # the one used last
    assert [one.id for one in sessions.others(theirs)] == [ada.id]
    for attempt in (members.get, members.remove, members.resume):
        with pytest.raises(UnknownEntry):
            attempt(theirs.id)
    assert (tenant_of(engine, theirs.id), every_tenant(engine)) == ("label-b", ["label-a", "label-b"])


def test_the_trail_tells_each_step(engine: Engine, members: Members, sessions: Sessions) -> None:
    ada = joined(members, sessions, "ada")
    sessions.end(sessions.begin(ada))
    members.change_role(ada.id, Role.AUDITOR)
    with database.reading(engine) as connection:
        rows = connection.execute(select(EVENTS).order_by(EVENTS.c.id)).all()
    assert {(row.tenant, row.object) for row in rows} == {("label-a", f"/v1/members/{ada.id}")}
    assert [(row.action, row.who) for row in rows] == [
        ("member.invited", "the service"),
        ("member.joined", "ada@label.example"),
        ("member.signed-in", "Ada <ada@label.example>"),
        ("member.signed-out", "Ada <ada@label.example>"),
        ("member.role-auditor", "the service"),
    ]


def test_a_name_cannot_pass_for_another(members: Members, sessions: Sessions) -> None:
    members.invite("eve@label.example", Role.LABEL, BY)
    sent = Account(ISSUER, "eve", "eve@label.example", "Ada <ada@label.example>\n" + "x" * 500)
    (eve,) = sessions.admit(sent)
    assert "\n" not in eve.shown and len(eve.shown) == 200 and eve.shown.count("<") == 1
    assert eve.shown.endswith(" <eve@label.example>")
