"""Whether what failed is a database or a store that is away: then nothing was lost, and one tries again."""

from api import database
from api.errors import StoreUnavailable


def away(error: BaseException) -> bool:
    """Whether the database or the store could not be reached or could not work, whatever it was asked."""
    return database.away(error) or isinstance(error, StoreUnavailable)


def line(error: BaseException) -> str:
    """What it says, in one line for the log."""
    return str(error).partition("\n")[0]
