"""Answers that are more than a value: a page of a list, and a file on its way."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Any, Generic, TypeVar

import httpx

from .errors import Damaged, NoAnswer

T = TypeVar("T")


class Page(Generic[T]):
    """A page of a list. To iterate is to go through all entries from here on, page by page.

    Attributes:
        items: the entries of this page.
        next: what `cursor` takes to have the next one; None on the last page.
        told: the answer as the server gave it, for what a list tells besides.
    """

    def __init__(self, told: Mapping[str, Any], turn: Callable[[str], "Page[T]"]) -> None:
        self.told = told
        self.items: list[T] = told["items"]
        self.next: str | None = told["next"]
        self._turn = turn

    def __iter__(self) -> Iterator[T]:
        page: Page[T] | None = self
        while page is not None:
            yield from page.items
            page = page.following()

    def following(self) -> "Page[T] | None":
        """The next page, asked for now; None after the last one. Raises as the list's method does."""
        return None if self.next is None else self._turn(self.next)


class Download:
    """A file that the server has begun to send; it passes through and is never held whole, except by `read`.

    Whatever reads it to its end holds it against the digest that came with it (RFC 9530) and closes the
    connection; a `with` statement closes it in any case.

    Attributes:
        media_type: such as `application/pdf`.
    """

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.media_type = answer.headers.get("Content-Type", "").partition(";")[0]

    def __enter__(self) -> "Download":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._answer.close()

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they come.

        Raises:
            NoAnswer: the connection broke off.
            Damaged: they were not what the digest was made of; told after the last one.
        """
        seen = sha256()
        try:
            for chunk in self._answer.iter_bytes():
                seen.update(chunk)
                yield chunk
        except httpx.RequestError as error:
            raise NoAnswer(f"{self._answer.url.path} broke off: {error!r}") from error
        finally:
            self._answer.close()
        told = self._answer.headers.get("Repr-Digest", "")
        if "sha-256=" in told and f"sha-256=:{b64encode(seen.digest()).decode()}:" not in told:
            raise Damaged(f"{self._answer.url.path} is not what its digest was made of; fetch it again")

    def read(self) -> bytes:
        """The whole file, in memory; raises as `chunks`."""
        return b"".join(self.chunks())

    def save(self, path: Path) -> Path:
        """Write the file; it appears under its name once it is complete and checked. Raises as `chunks`."""
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            beside = Path(file.name)
            try:
                file.writelines(self.chunks())
                file.close()
                beside.replace(path)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
        return path
