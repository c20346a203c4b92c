"""Why something was refused, in the reader's language: the API says it in English, pages say it again.

What stands in no form here stays as the API has it, and is marked as English.
"""

from collections.abc import Mapping
from typing import Any

from api.language import _, later, spoken
from api.report.words.forms import said_again

_FORMS = (
    # files
    later("%(file)s: not a readable audio file (%(reason)s)"),
    later("%(file)s: the file is empty (0 bytes): upload it again"),
    later("%(file)s: the file holds no audio track"),
    later("%(file)s: the file holds no samples: check the export that made it"),
    later("%(file)s: its edit list plays none of its audio: export it again"),
    later("%(file)s: codec %(codec)s is not accepted: convert to WAV (PCM) or FLAC"),
    later("%(file)s: %(codec)s is not accepted: convert it to WAV or FLAC"),
    later("%(file)s: sample rate %(rate)s Hz: resample to %(lowest)s to %(highest)s Hz"),
    later("%(file)s: %(count)s channels: mix down to %(most)s or fewer"),
    later(
        "%(file)s: its header says that it lasts longer than %(most)s minutes: cut the file or raise the "
        "limit"
    ),
    later(
        "%(file)s: its header says that it lasts longer than %(most)s minute: cut the file or raise the limit"
    ),
    later("%(file)s: longer than %(most)s minutes: cut the file or raise the limit"),
    later("%(file)s: longer than %(most)s minute: cut the file or raise the limit"),
    later("%(file)s: decodes to more samples than allowed: split the file or mix it down"),
    later("%(file)s: larger than %(most)s MiB: cut it or send it compressed"),
    later(
        "%(file)s: holds samples that are no sound (NaN, infinity, or over a million times full scale): "
        "export it again"
    ),
    later("%(file)s: decoding took too long: the file is damaged or hostile"),
    later("%(file)s: the decoder crashed on it: the file is damaged or hostile"),
    later("%(file)s: the decoder misbehaved on it: the file is damaged or hostile"),
    later("the upload has %(size)s bytes; at most %(most)s are accepted"),
    later("at most %(most)s bytes are accepted"),
    later("a tenant has at most %(most)s uploads; delete those that are done with"),
    later(
        "uploads may have %(most)s bytes together, and %(size)s are taken; delete those that are done with"
    ),
    later("%(most)s such requests are under way; send fewer at once"),
    later("%(file)s: %(seconds)s s of voice, need at least %(least)s s in each file"),
    later("%(file)s: %(seconds)s s long, need at least %(least)s s of voice in it"),
    # entries that are not there
    later("no record %(id)s"),
    later("no audit %(id)s"),
    later("no comparison %(id)s"),
    later("no case %(id)s"),
    later("no notice %(id)s"),
    later("no artist %(id)s"),
    later("no policy %(id)s"),
    later("no export %(id)s"),
    later("no hold %(id)s"),
    later("no webhook %(id)s"),
    later("no member %(id)s"),
    later("no tenant %(id)s"),
    later("no active key %(id)s"),
    later("the log has %(size)s entries, counted from 0"),
    later("the log has %(size)s entry, counted from 0"),
    later("no log entry %(id)s"),
    # fields of forms
    later("%(field)s: something must be said"),
    later("%(field)s: must have at most %(max_length)s characters"),
    later("%(field)s: must have %(min_length)s or more characters"),
    later("%(field)s: must have at most %(max_length)s entries"),
    later("%(field)s: must have %(min_length)s or more entries"),
    later("%(field)s: must have at most 1 character"),
    later("%(field)s: must have at most 1 entry"),
    later("%(field)s: must be of the form %(pattern)s"),
    later("%(field)s: must be %(ge)s or more"),
    later("%(field)s: must be %(le)s or less"),
    later("%(field)s: must be a whole number"),
    later("%(field)s: must be a moment in UTC such as 2026-11-30T12:00:00Z"),
    later("%(field)s: must be a day such as 2026-11-30"),
    later("%(field)s: must be an address such as https://example.com/"),
    later("%(day)s is no day such as 2027-12-31"),
    later("%(day)s lies ahead; today is %(today)s in UTC"),
    later("%(day)s lies before %(earliest)s, the day of the step before"),
    later("the first day lies behind the last one"),
    later("the form cannot be read: %(reason)s"),
    later("a search needs a letter or a digit"),
    # lists
    later("choose at least one line of the list"),
    # cases and notices
    later("the case cannot take this step; nothing is decided yet: decide it first"),
    later("the case cannot take this step; it is decided: appeal or re-open it first"),
    later("the case cannot take this step; an appeal waits: decide that"),
    later("the policy left this to a person"),
    later('the case has changed meanwhile, its ETag is "%(version)s"; read it again'),
    later('the notice has changed meanwhile, its ETag is "%(version)s"; read it again'),
    later("a case has at most %(most)s steps; open another one"),
    later("a notice has at most %(most)s steps; enter another one"),
    # artists and consents
    later("an artist's name has 1 to 200 characters"),
    later("the consent ends before it begins"),
    later("the scope is one or more of %(scopes)s, each once"),
    later("a territory is a code such as DE or US, each once, or WORLD alone"),
    later("a licence reference has 1 to 500 printable characters"),
    later("consent %(id)s is revoked already"),
    later("say why it is revoked, in 1 to 1000 printable characters"),
    # keys, members, webhooks, tenants
    later("choose at least one thing that the key may do"),
    later("choose at least one event"),
    later("expires_at lies in the past"),
    later("this is the last admin key; make or rotate to another one first"),
    later("the name of a key must be one line of visible text"),
    later("somebody else has changed this member since; look at them first"),
    later("%(email)s is a member or invited already"),
    later("%(email)s is the last admin; make somebody else an admin first"),
    later("the endpoint is disabled; enable it first"),
    later("a tenant has at most %(most)s endpoints; delete one first"),
    later("there is a tenant %(tenant)s already"),
    later("the operators' own tenant cannot be suspended"),
    # policies, retention, holds
    later("another policy was put in force meanwhile; look at it first"),
    later("somebody else has changed the retention since; look at it first"),
    later("the legal hold %(id)s keeps this; it must be released first"),
    later("the hold %(id)s was released before"),
    later("this needs the scope %(scope)s; ask an admin for a key that has it"),
)
_REASONS = (
    later("Invalid data found when processing input"),
    later("no part of it decodes"),
    later("End of file"),
)
"""What decoders say in brackets."""


def refusal(detail: str) -> str | None:
    """A problem's detail in the language spoken now; None where only the API's own words are there."""
    return detail if spoken() == "en" else said_again(detail, _FORMS, _reason)


def said_to(problem: Mapping[str, Any]) -> dict[str, str]:
    """A problem's title, and its detail where that has a form, in the language spoken now."""
    detail = refusal(str(problem["detail"]))
    return {"title": _(str(problem["title"])), **({} if detail is None else {"detail": detail})}


def _reason(text: str) -> str:
    """A decoder's own words: those that are known are said again, others stand as they are."""
    return _(text) if text in _REASONS else text
