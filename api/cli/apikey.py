"""`trackmark apikey`: keys of the HTTP API, on the database itself, also when no admin key is left."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import USAGE, AsJson, answers, emit, fail, failures, misfit, settings

if TYPE_CHECKING:
    from api.server.api_keys import ApiKeys, KeyInfo

commands = typer.Typer(help="Make, list, revoke and rotate keys of the HTTP API.", no_args_is_help=True)
KeyId = Annotated[str, typer.Argument(help="The key's id, as `list` tells it.")]


@contextmanager
def _keys() -> Iterator["ApiKeys"]:
    from api import database
    from api.server.api_keys import ApiKeys

    engine = database.connect(settings().database_url)
    try:
        database.upgrade(engine)
        yield ApiKeys(engine)
    finally:
        engine.dispose()


def _told(info: "KeyInfo") -> dict[str, Any]:
    from api.server.key_shapes import KeyAnswer

    told: dict[str, Any] = KeyAnswer.of(info).model_dump()
    return told


@commands.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do; repeatable. Default: admin.")
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="label, rights_ops, auditor or admin, instead of scopes.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose data it sees.")] = "default",
    days: Annotated[int | None, typer.Option(min=1, max=36500, help="Ends after so many days.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is printed once and stored nowhere."""
    from pydantic import ValidationError

    from api.server.api_keys import Scope
    from api.server.key_shapes import KeyRequest

    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    try:
        scopes = scope or (None if role else [Scope.ADMIN])
        wanted = KeyRequest(name=name, scopes=scopes, role=role, tenant=tenant, expires_at=ends)  # type: ignore[arg-type]  # pydantic reads the words
    except ValidationError as error:
        fail(misfit(error, lambda name: f"--{name}" if name else "--scope, --role"), USAGE)
    with failures(), _keys() as keys:
        made = keys.create(name, wanted.granted, tenant=tenant, expires_at=wanted.expires_at)
    if as_json:
        emit({**_told(made.info), "secret": made.secret})
    else:
        answers().print(made.secret, markup=False)


@commands.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None, as_json: AsJson = False
) -> None:
    """Every key of every tenant, without its secret."""
    with failures(), _keys() as keys:
        for info in keys.every() if tenant is None else keys.keys(tenant):
            if as_json:
                emit(_told(info))
                continue
            ended = info.expires_at is not None and info.expires_at <= datetime.now(UTC)
            state = "revoked" if info.revoked_at else "expired" if ended else "in force"
            scopes = ",".join(info.scopes)
            answers().print(f"{info.id}  {info.tenant}  {state}  {scopes}  {info.name}", markup=False)


@commands.command("revoke")
def revoke(key_id: KeyId) -> None:
    """Refuse a key from now on. The last admin key of the tenant `default` stays."""
    with failures(), _keys() as keys:
        keys.revoke(key_id, keys.find(key_id).tenant, by_operator=True)
        answers().print(f"key {key_id} is revoked", markup=False)


@commands.command("rotate")
def rotate(
    key_id: KeyId,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=720, help="How long the key that is replaced still works.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Make a key that takes another's place, with the same scopes. Its secret is printed once."""
    with failures(), _keys() as keys:
        made = keys.rotate(key_id, keys.find(key_id).tenant, timedelta(hours=overlap_hours))
    if as_json:
        emit({**_told(made.info), "secret": made.secret})
    else:
        answers().print(made.secret, markup=False)
