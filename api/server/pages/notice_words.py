"""Where a notice stands, in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from api.report.words.told import Tone

if TYPE_CHECKING:
    from api.notices.notice import Kind, State

STATES: Mapping["State", str] = {
    "incomplete": "Incomplete",
    "received": "Waits for an answer",
    "removed": "Taken down",
    "refused": "Refused",
    "countered": "Countered",
    "restored": "Put back",
    "kept_down": "Stays down",
    "withdrawn": "Withdrawn",
}
TONES: Mapping["State", Tone] = {
    "incomplete": "warn",
    "received": "warn",
    "removed": "neutral",
    "refused": "neutral",
    "countered": "warn",
    "restored": "neutral",
    "kept_down": "neutral",
    "withdrawn": "neutral",
}
STEPS: Mapping["Kind", str] = {
    "receive": "Came in",
    "complete": "Elements added",
    "comment": "Comment",
    "remove": "Material taken down",
    "refuse": "Refused",
    "counter": "Counter-notice came in",
    "restore": "Material put back",
    "keep_down": "Material stays down",
    "withdraw": "Withdrawn",
}
