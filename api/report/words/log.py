"""How a record was signed, logged and seen by others, in words."""

from api.report.words.told import Found

UNSIGNED = "the log's key has signed no checkpoint that holds it yet"
NO_RECORD = "no record of this registry is named by the audio"


def on_file(record: Found) -> str:
    """That a record is there, whether it verifies or not."""
    return f"record {record['record_id']} is on file"


def signature(record: Found) -> str:
    """Who signed a verified record, and when."""
    return f"signed by key {record['keyids'][0][:16]}, issued {record['issued_at']}"


def place(record: Found) -> str:
    """Where the log holds a record; without a checkpoint by the log's key nothing proves that."""
    entry = f"entry {record['leaf_index']} of the log"
    if record.get("log_signed", True):
        return f"{entry}, under a signed checkpoint"
    return f"{entry} as it is stored here; {UNSIGNED}"


def time_stamps(record: Found) -> str:
    """Who else saw the registration, and when: without anybody, only the log's own clock tells its age.

    A token by a stranger says nothing and spoils nothing; one that was altered fails the log proof.
    """
    if record.get("time_stamps"):
        return "; ".join(
            f"{stamp['authority']} saw the registration in the log no later than {stamp['stamped_at']}; "
            f"its certificate leads to {stamp['root']}, a root that is trusted here"
            for stamp in record["time_stamps"]
        )
    if record.get("untrusted_time_stamps"):
        return f"not trusted: {'; '.join(record['untrusted_time_stamps'])}"
    return "none; when it was registered is the log's own word, or a witness's"
