"""What differs between two texts is told line by line, with the lines around it."""

from api.policies import difference as module
from api.policies.difference import difference


def told(before: str, after: str) -> list[str]:
    marks = {"same": " ", "gone": "-", "new": "+", "gap": "…"}
    return [f"{marks[line.kind]}{line.text}" for line in difference(before, after)]


def test_texts_that_are_alike_differ_in_nothing() -> None:
    assert difference("a\nb\n", "a\nb") == ()


def test_a_change_stands_among_the_lines_around_it() -> None:
    before = [str(number) for number in range(1, 21)]
    after = [*before[:9], "ten", *before[10:]]
    expected = ["…", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13", "…"]
    assert told("\n".join(before), "\n".join(after)) == expected


def test_two_changes_far_apart_have_a_gap_between_them() -> None:
    before = [str(number) for number in range(1, 21)]
    after = ["one", *before[1:-1], "twenty"]
    assert told("\n".join(before), "\n".join(after)).count("…") == 1


def test_lines_are_numbered_as_in_their_own_text() -> None:
    (came, *_) = [line for line in difference("a\nc", "a\nb\nc") if line.kind == "new"]
    assert (came.before, came.after, came.text) == (None, 2, "b")
    last = difference("a\nc", "a\nb\nc")[-1]
    assert (last.before, last.after) == (2, 3)


def test_texts_of_very_many_lines_are_not_matched() -> None:
    lines = int(module.MOST_COMPARED**0.5) + 1
    before, after = "\n".join("a" * lines), "\n".join("ab" + "a" * lines)
    kinds = [line.kind for line in difference(before, after)]
    assert set(kinds) == {"gone", "new"} and len(kinds) == 2 * lines + 2
