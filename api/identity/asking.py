"""Asking the provider: to addresses that were checked, in bounded time, and reading bounded answers."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from api.errors import ProviderUnavailable
from api.webhooks.address import Addresses, Refused

TOTAL_S = 10.0
MOST_BYTES = 1 << 20
_UNREADABLE = "the provider's answer cannot be read; try again later"


@dataclass(frozen=True)
class Answer:
    """What the provider said."""

    status: int
    told: Mapping[str, Any]


@dataclass(frozen=True)
class Asking:
    """A client that follows no redirect and goes where it may.

    Attributes:
        addresses: which may be asked.
        roots: file of root certificates (PEM), for a provider with an authority of its own.
    """

    addresses: Addresses
    roots: Path | None = None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """A document of the provider.

        Raises:
            ProviderUnavailable: there was none.
        """
        status, body = self._ask("GET", url, headers or {}, None)
        if status != 200:
            raise ProviderUnavailable(f"the provider answered {status}; try again later")
        return _read(body)

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """What the provider says to a form.

        Raises:
            ProviderUnavailable: nothing, or nothing that can be read.
        """
        status, body = self._ask("POST", url, headers, form)
        return Answer(status, _read(body))

    def _ask(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        try:
            return asyncio.run(self._once(method, url, headers, form))
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise ProviderUnavailable("the provider does not answer; try again later") from error
        except Refused as error:
            raise ProviderUnavailable(f"the provider is not asked: {error}") from error

    async def _once(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        async with (
            asyncio.timeout(TOTAL_S),
            httpx.AsyncClient(trust_env=False, timeout=TOTAL_S, verify=self._verified_by) as client,
        ):
            to = await asyncio.to_thread(self.addresses.pinned, url)
            request = client.stream(
                method,
                to.url,
                headers={**headers, "Host": to.host, "Accept": "application/json"},
                data=form,
                extensions={"sni_hostname": to.name},
                follow_redirects=False,
            )
            body = b""
            async with request as answer:
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        raise ProviderUnavailable(_UNREADABLE)
            return answer.status_code, body

    @cached_property
    def _verified_by(self) -> ssl.SSLContext:
        """Whom a certificate must come from: the public authorities, or the operator's own."""
        if self.roots is None:
            return httpx.create_ssl_context(trust_env=False)
        return ssl.create_default_context(cafile=str(self.roots))


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderUnavailable(_UNREADABLE) from error
    if not isinstance(told, dict):
        raise ProviderUnavailable(_UNREADABLE)
    return told
