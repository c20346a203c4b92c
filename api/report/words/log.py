"""How a record was signed, logged and seen by others, in words."""

from api.language import _, later
from api.report.numbers import moment_text
from api.report.words.told import Found

UNSIGNED = later("the log's key has signed no checkpoint that holds it yet")
NO_RECORD = later("no record of this registry is named by the audio")


def on_file(record: Found) -> str:
    """That a record is there, whether it verifies or not."""
    return _("record %(record)s is on file", record=record["record_id"])


def signature(record: Found) -> str:
    """Who signed a verified record, and when."""
    return _(
        "signed by key %(key)s, issued %(moment)s",
        key=record["keyids"][0][:16],
        moment=moment_text(record["issued_at"]),
    )


def place(record: Found) -> str:
    """Where the log holds a record; without a checkpoint by the log's key nothing proves that."""
    entry = record["leaf_index"]
    if record.get("log_signed", True):
        return _("entry %(entry)s of the log, under a signed checkpoint", entry=entry)
    told = _("entry %(entry)s of the log as it is stored here", entry=entry)
    return f"{told}; {_(UNSIGNED)}"


def time_stamps(record: Found) -> str:
    """Who else saw the registration, and when: without anybody, only the log's own clock tells its age.

    A token by a stranger says nothing and spoils nothing; one that was altered fails the log proof.
    """
    if record.get("time_stamps"):
        return "; ".join(
            _(
                "%(authority)s saw the registration in the log no later than %(moment)s; its certificate "
                "leads to %(root)s, a root that is trusted here",
                authority=stamp["authority"],
                moment=moment_text(stamp["stamped_at"]),
                root=stamp["root"],
            )
            for stamp in record["time_stamps"]
        )
    if record.get("untrusted_time_stamps"):
        return _("not trusted: %(stamps)s", stamps="; ".join(record["untrusted_time_stamps"]))
    return _("none; when it was registered is the log's own word, or a witness's")
