"""What does not fit is told in our own words."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AnyHttpUrl, AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from api.unfit import WORDS, why_unfit


class _Ai(Enum):
    ALL = "all"
    NONE = "none"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (int, "ten", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (Annotated[int, Field(ge=1)], 0, "must be 1 or more"),
        (Annotated[int, Field(le=5)], 6, "must be 5 or less"),
        (Annotated[float, Field(gt=0)], 0, "must be more than 0.0"),
        (Annotated[float, Field(lt=1)], 2, "must be less than 1.0"),
        (float, "much", "must be a number"),
        (bool, "maybe", "must be true or false"),
        (str, 5, "must be a text"),
        (Annotated[str, Field(min_length=2)], "a", "must have 2 or more characters"),
        (Annotated[str, Field(max_length=2)], "abc", "must have at most 2 characters"),
        (Annotated[str, Field(pattern="^a$")], "b", "must be of the form ^a$"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "must have at most 1 entry"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (_Ai, "maybe", "must be 'all' or 'none'"),
        (datetime, "soon", "must be a moment in UTC such as 2026-11-30T12:00:00Z"),
        (AwareDatetime, "2026-11-30T12:00:00", "must be a moment in UTC such as 2026-11-30T12:00:00Z"),
        (date, "soon", "must be a day such as 2026-11-30"),
        (date, "2026-11-30T12:00:00", "must be a day such as 2026-11-30"),
        (AnyHttpUrl, "nowhere", "must be an address such as https://example.com/"),
        (AnyHttpUrl, "ftp://a/", "must be an address that begins with 'http' or 'https'"),
        (UUID, "x", "must be an id (UUID)"),
        (list[int], 5, "must be a list"),
        (_Shape, 5, "must be an object with names and values"),
        (_Shape, {}, "is missing"),
        (_Shape, {"name": "a", "other": 1}, "is not known here"),
    ],
)
def test_each_kind_has_its_words(kind: Any, given: object, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(given)
    assert why_unfit(caught.value.errors()[0]) == says


def test_what_a_rule_of_ours_says_stands_as_it_is() -> None:
    assert (
        why_unfit({"type": "value_error", "msg": "Value error, an hour is missing"}) == "an hour is missing"
    )


def test_no_words_of_the_parser_are_left() -> None:
    assert not [text for text in WORDS.values() if "nput" in text or "tring" in text]
