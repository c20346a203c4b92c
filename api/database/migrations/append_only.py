"""Tables that only grow: triggers refuse to change or remove their rows, on both databases."""

from collections.abc import Iterable, Mapping

from alembic import op

_SAYS = "this table only grows: its rows are never changed or removed"
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{_SAYS}'; END $$
"""


def build(tables: Mapping[str, str]) -> None:
    """Refuse every UPDATE, DELETE and TRUNCATE.

    Args:
        tables: names, and for each the condition by which a new row has the key of an old one. SQLite would
            put it in the old one's place (`INSERT OR REPLACE`) and fire no trigger of a deletion.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_FUNCTION)
        for name in tables:
            op.execute(
                f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON {name} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(
                f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {name} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        return
    for name, same in tables.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
        op.execute(f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} {refuse}")
        op.execute(f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} {refuse}")
        taken = f"WHEN EXISTS (SELECT 1 FROM {name} WHERE {same})"  # noqa: S608  # names of our own
        op.execute(f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} {taken} {refuse}")


def take_down(tables: Iterable[str]) -> None:
    """Revert `build`; tables that are dropped take their triggers along."""
    if op.get_bind().dialect.name == "postgresql":
        for name in tables:
            op.execute(f"DROP TRIGGER only_grows ON {name}")
            op.execute(f"DROP TRIGGER never_emptied ON {name}")
        op.execute("DROP FUNCTION refuse_change()")
