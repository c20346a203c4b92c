"""Why a value does not fit, in our own words: those of the parser speak of inputs, strings and schemas."""

from collections.abc import Mapping
from typing import Any

_NUMBER = "must be a number"
_WHOLE = "must be a whole number"
_TEXT = "must be a text"
_TRUTH = "must be true or false"
_MOMENT = "must be a moment in UTC such as 2026-11-30T12:00:00Z"
_DAY = "must be a day such as 2026-11-30"
_URL = "must be an address such as https://example.com/"
_ID = "must be an id (UUID)"
_LIST = "must be a list"
_OBJECT = "must be an object with names and values"
WORDS = {
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "finite_number": _NUMBER,
    "bool_parsing": _TRUTH,
    "bool_type": _TRUTH,
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must be of the form {pattern}",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have at most {max_length} entries",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "timezone_aware": _MOMENT,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "url_type": _URL,
    "url_parsing": _URL,
    "url_scheme": "must be an address that begins with {expected_schemes}",
    "uuid_type": _ID,
    "uuid_parsing": _ID,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "path_type": "must be the path of a file or a folder",
    "json_invalid": "is no JSON: {error}",
    "json_type": "is no JSON",
}
"""What is said of each of pydantic's types of error, with what it tells of it; of others, its own words."""
ONE_AT_MOST = {
    "string_too_long": "must have at most 1 character",
    "too_long": "must have at most 1 entry",
}
"""What is said instead where only one is allowed."""


def why_unfit(error: Mapping[str, Any]) -> str:
    """Why a value does not fit, out of what pydantic tells of it; the value is not repeated."""
    values = error.get("ctx") or {}
    words = WORDS.get(error["type"])
    if words is None:
        return str(error["msg"]).removeprefix("Value error, ")
    if values.get("max_length") == 1:
        words = ONE_AT_MOST[error["type"]]
    return words.format(**values)
