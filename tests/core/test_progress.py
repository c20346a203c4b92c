"""How far work is, told part by part."""

from core.progress import stage, through


def test_each_is_told_before_it_is_begun_by_the_share_of_the_work_that_is_done() -> None:
    told: list[tuple[str, float]] = []
    sizes = {"a": 1.0, "b": 5.0, "c": 1.0}
    assert list(through(sizes, sizes.__getitem__, "copy", lambda *one: told.append(one))) == ["a", "b", "c"]
    assert told == [("copy", 0.0), ("copy", 0.2), ("copy", 0.8)]


def test_parts_that_have_no_size_are_told_too() -> None:
    told: list[float] = []
    assert list(through(["a", "b"], lambda _one: 0.0, "x", lambda _step, share: told.append(share))) == [
        "a",
        "b",
    ]
    assert told == [0.0, 0.5]


def test_nobody_who_asks_costs_nothing() -> None:
    def size(_one: str) -> float:
        raise AssertionError("nobody asked")

    assert list(through(["a"], size, "x", None)) == ["a"]
    assert stage(None, 0.0, 1.0) is None


def test_a_stage_lies_within_the_whole() -> None:
    told: list[tuple[str, float]] = []
    inner = stage(lambda *one: told.append(one), 0.2, 0.6)
    assert inner is not None
    inner("x", 0.0)
    inner("x", 1.0)
    assert told == [("x", 0.2), ("x", 0.6)]
