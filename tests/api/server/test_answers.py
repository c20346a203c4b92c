"""Every error has a code, every code one answer, and the trees in the docstrings are the real ones."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import api.errors
import core.errors
from api.cli.console import FAILED, UNREADABLE, USAGE, exit_code
from api.errors import OURS, told
from api.server import refusals
from api.server.answers import ANSWERS, problem, problem_of, status_of
from core.errors import AudioError, InvalidInput, KeyFileError, RecordError, TrackmarkError, UnreadableAudio
from detector.voice.errors import EnrolmentError, VoicePrintError

PACKAGES = ("core", "provenance", "detector", "api")
TREES = (core.errors, api.errors, refusals)


def every_error() -> set[type[TrackmarkError]]:
    """All error classes of the product, whether anything loads their modules or not."""
    for top in PACKAGES:
        package = importlib.import_module(top)
        for module in pkgutil.walk_packages(package.__path__, f"{top}."):
            if not module.name.endswith(("__main__", ".env")):  # both act when they are imported
                importlib.import_module(module.name)
    return {kind for kind in below(TrackmarkError) if kind.__module__.partition(".")[0] in PACKAGES}


def below(kind: type[TrackmarkError]) -> Iterator[type[TrackmarkError]]:
    """A class and all that derive from it, parents first."""
    yield kind
    for child in kind.__subclasses__():
        yield from below(child)


def test_every_code_has_an_answer_and_every_answer_an_error() -> None:
    assert {kind.code for kind in every_error()} == set(ANSWERS)


def test_no_two_errors_claim_one_code() -> None:
    owners = [kind.code for kind in every_error() if "code" in vars(kind)]
    assert sorted(owners) == sorted(set(owners))


def test_a_job_is_tried_again_where_the_server_failed_and_where_nothing_else_would_help() -> None:
    """`OURS` is a statement about failures below the server; its table must say the same."""
    of_requests = {kind.code for kind in below(refusals.Refusal) if "code" in vars(kind)}
    assert {code for code, answer in ANSWERS.items() if answer.status >= 500} - of_requests == OURS
    assert not {kind.code for kind in below(AudioError)} & OURS


@pytest.mark.parametrize("module", TREES, ids=lambda module: module.__name__)
def test_the_tree_in_the_docstring_is_the_tree(module: ModuleType) -> None:
    drawn = [line[4:] for line in str(module.__doc__).splitlines() if line.startswith("    ")]
    own = {
        kind
        for _name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
    }
    shown: dict[str, str] = {}  # class to parent, as drawn
    open_branches: list[str] = []
    for line in drawn:
        name = line.strip()
        del open_branches[(len(line) - len(name)) // 2 :]
        shown[name] = open_branches[-1] if open_branches else ""
        open_branches.append(name)
    real = {kind.__name__: kind.__mro__[1].__name__ for kind in own if kind is not TrackmarkError}
    assert {name: parent for name, parent in shown.items() if name in real} == real
    assert set(shown) - set(real) <= {"TrackmarkError", "RegistryError"}


@pytest.mark.parametrize(
    ("error", "status", "code", "leaves"),
    [
        (EnrolmentError("too short"), 422, "enrolment-failed", UNREADABLE),
        (VoicePrintError("damaged"), 422, "invalid-voice-print", UNREADABLE),
        (UnreadableAudio("a zip"), 422, "unreadable-audio", UNREADABLE),
        (RecordError("no title"), 422, "invalid-record", USAGE),
        (KeyFileError("locked"), 500, "keys-unavailable", USAGE),
        (InvalidInput("no scope"), 422, "invalid-request", USAGE),
        (TrackmarkError("else"), 500, "internal", FAILED),
    ],
)
def test_an_error_has_one_status_and_one_exit_code(
    error: TrackmarkError, status: int, code: str, leaves: int
) -> None:
    assert (status_of(error), error.code, exit_code(error)) == (status, code, leaves)


def test_what_was_not_foreseen_says_nothing_of_the_server() -> None:
    assert problem(RuntimeError("/srv/home/trackmark.db")) == {
        "type": "urn:trackmark:problem:internal",
        "title": "The server failed",
        "status": 500,
        "code": "internal",
        "detail": "an unforeseen error; the server's log has the details",
    }


def test_a_job_keeps_what_failed_and_not_how_it_is_answered() -> None:
    assert told(UnreadableAudio("a zip")) == {"code": "unreadable-audio", "detail": "a zip"}
    assert problem_of(told(EnrolmentError("two", "two-voices")))["reason"] == "two-voices"


def test_a_failure_that_was_kept_with_title_and_status_is_answered_the_same() -> None:
    before = {
        "type": "urn:trackmark:problem:job-crashed",
        "title": "The job ended the process that ran it",
        "status": 500,
        "code": "job-crashed",
        "detail": "the job was cut short 3 times; it will not be tried again",
    }
    assert problem_of(before) == problem_of({"code": before["code"], "detail": before["detail"]}) == before


def test_a_failure_of_a_later_release_is_answered() -> None:
    answered = problem_of({"code": "not-known-yet", "detail": "something new"})
    told_of = [answered[name] for name in ("status", "code", "detail")]
    assert told_of == [500, "not-known-yet", "something new"]
