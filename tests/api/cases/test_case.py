"""Which step may follow which."""

from typing import get_args

import pytest

from api.cases.case import Kind, State, after
from api.docket.step import MOST_STEPS
from api.errors import ConflictingEntry

ALLOWED: dict[State, dict[Kind, State]] = {
    "open": {"assign": "open", "comment": "open", "decide": "decided"},
    "decided": {"comment": "decided", "appeal": "appealed", "reopen": "open"},
    "appealed": {"assign": "appealed", "comment": "appealed", "decide": "decided"},
}


@pytest.mark.parametrize("state", get_args(State))
@pytest.mark.parametrize("kind", [one for one in get_args(Kind) if one != "open"])
def test_a_step_follows_or_is_refused_with_what_to_do(state: State, kind: Kind) -> None:
    if kind in ALLOWED[state]:
        assert after(state, 3, kind) == ALLOWED[state][kind]
        return
    with pytest.raises(ConflictingEntry, match=r"first|decide that"):
        after(state, 3, kind)


def test_a_history_that_is_read_whole_has_an_end() -> None:
    assert after("open", MOST_STEPS - 1, "comment") == "open"
    with pytest.raises(ConflictingEntry, match="at most"):
        after("open", MOST_STEPS, "comment")
