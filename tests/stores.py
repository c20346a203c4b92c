"""An S3 server of the tests' own: moto's, over HTTP, which may be stopped, full, or know other credentials.

moto speaks the protocol but checks no signature; whose key it is, is checked here before it is asked.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

KEY = "a-key-for-tests"
Environ = dict[str, Any]
Fault = Callable[[Environ], "tuple[str, str] | None"]
"""Looks at a request and names the status and the error code that it is answered with, if any."""


def well(_environ: Environ) -> None:
    """No fault."""


def full(environ: Environ) -> tuple[str, str] | None:
    """Nothing more can be written."""
    return ("507 Insufficient Storage", "XMinioStorageFull") if environ["REQUEST_METHOD"] == "PUT" else None


@dataclass
class S3:
    """A running server.

    Attributes:
        url: where it is.
        bucket: an empty bucket in it.
        fault: how requests fail.
        asked: every request, as `METHOD path`.
    """

    url: str
    bucket: str
    fault: Fault = well
    asked: list[str] = field(default_factory=list)

    @property
    def store(self) -> str:
        """A place in the bucket, as settings name it."""
        return f"s3://{self.bucket}/trackmark"

    def environment(self, patch: pytest.MonkeyPatch) -> None:
        """Have clients of this process, and those that it starts, find the server."""
        patch.setenv("AWS_ENDPOINT_URL", self.url)
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-for-tests")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def names(self) -> list[str]:
        """The keys of all objects, as the server itself knows them."""
        return sorted(_backend().buckets[self.bucket].keys)

    def content(self, key: str) -> bytes:
        """What an object holds."""
        found: bytes = _backend().get_object(self.bucket, key).value
        return found

    def change(self, key: str, content: bytes) -> None:
        """Put something else in an object's place, behind the service's back."""
        _backend().put_object(self.bucket, key, content)

    def lose(self, key: str) -> None:
        """Delete an object, behind the service's back."""
        _backend().delete_object(self.bucket, key)


def _backend() -> Any:
    from moto.s3.models import s3_backends

    return s3_backends["123456789012"]["aws"]


@contextmanager
def s3(bucket: str = "label-files") -> Iterator[S3]:
    """A server with one empty bucket."""
    served = DomainDispatcherApplication(create_backend_app)
    running = S3("", bucket)

    def answer(environ: Environ, start: Any) -> Iterable[bytes]:
        running.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        fault = running.fault(environ)
        if f"Credential={KEY}/" not in environ.get("HTTP_AUTHORIZATION", ""):
            fault = "403 Forbidden", "InvalidAccessKeyId"
        if fault is None:
            found: Iterable[bytes] = served(environ, start)
            return found
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start(fault[0], [("Content-Type", "application/xml")])
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        return [f"<Error><Code>{fault[1]}</Code><Message>{fault[1]}</Message></Error>".encode()]

    server: BaseWSGIServer = make_server(
        "127.0.0.1", 0, answer, threaded=True, request_handler=MotoRequestHandler
    )
    running.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _backend().create_bucket(bucket, "us-east-1")
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        _backend().reset()
