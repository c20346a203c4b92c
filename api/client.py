"""A client of the audit API: send a file, follow the audit, fetch the signed report."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

import httpx

from api.audit.json_form import Json
from core.errors import TrackmarkError

Listed = Literal["audits", "tracks", "records", "artists", "keys", "webhooks"]
POLL_S = 0.5


class ClientError(TrackmarkError):
    """The server refused a request, failed an audit, or did not answer in time."""


class AuditClient:
    """A connection to a Trackmark server.

    Args:
        base_url: such as `http://127.0.0.1:8000`.
        api_key: needed unless the server answers anonymous requests.
        timeout_s: for one request; an audit may take longer, see `audit`.
        transport: what carries requests; the network unless given.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # The environment's proxies are not for a server on this machine.
        self._http = httpx.Client(
            base_url=base_url, headers=headers, timeout=timeout_s, trust_env=False, transport=transport
        )

    def __enter__(self) -> "AuditClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def alive(self) -> bool:
        """Whether the server answers."""
        try:
            return self._http.get("/healthz").is_success
        except httpx.TransportError:
            return False

    def audit(
        self,
        path: Path,
        *,
        timeout_s: float = 600.0,
        progress: Callable[[str, float], None] | None = None,
    ) -> Json:
        """Send a file and wait for its audit.

        Returns:
            The audit as the server tells it: `id`, `state`, `findings`, `links`.

        Raises:
            ClientError: the file was refused, the audit failed, or it took longer than `timeout_s`.
        """
        with path.open("rb") as file:
            answer = self._checked(self._http.post("/v1/audits", files={"file": (path.name, file)}))
        location = answer.headers["Location"]
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            job: Json = self._checked(self._http.get(location)).json()
            if job["state"] == "succeeded":
                return job
            if job["state"] not in ("queued", "running"):
                raise ClientError(f"{path.name}: {job['problem']['detail']}")
            if progress is not None:
                progress(job["stage"] or job["state"], job["progress"])
            time.sleep(POLL_S)
        raise ClientError(f"{path.name}: the audit was not finished within {timeout_s:g} s")

    def entries(self, of: Listed, **filters: str | int) -> Iterator[Json]:
        """All entries of a list, page by page, in the order of `sort`.

        Args:
            of: which list.
            filters: as the API has them, such as `state="failed"` or `q="night drive"`.

        Raises:
            ClientError: the server refused a filter.
        """
        asked = dict(filters)
        while True:
            page: Json = self._checked(self._http.get(f"/v1/{of}", params=asked)).json()
            yield from page["items"]
            if page["next"] is None:
                return
            asked["cursor"] = page["next"]

    def add_webhook(
        self, url: str, events: Sequence[str], *, scheme: Literal["hmac", "ed25519"] = "hmac"
    ) -> Json:
        """Have events sent to an address; needs an admin's key.

        Returns:
            The endpoint as the server tells it; its `secret`, for `api.webhooks.signing.verify`, this once.

        Raises:
            ClientError: the server refused the address or the events.
        """
        wanted = {"url": url, "events": list(events), "scheme": scheme}
        made: Json = self._checked(self._http.post("/v1/webhooks", json=wanted)).json()
        return made

    def replay(self, webhook_id: str, delivery_id: str) -> Json:
        """Have a message sent again; raises `ClientError`."""
        link = f"/v1/webhooks/{webhook_id}/deliveries/{delivery_id}:replay"
        again: Json = self._checked(self._http.post(link)).json()
        return again

    def fetch(self, link: str) -> bytes:
        """Fetch what a link of an audit points to, such as the signed report."""
        return self._checked(self._http.get(link)).content

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            detail = str(answer.json()["detail"])
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:200]
        raise ClientError(f"the server answered {answer.status_code}: {detail}")
