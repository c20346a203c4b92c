"""Asking a time-stamp authority (RFC 3161) to stamp our newest checkpoint, and keeping the token with it.

One token dates every entry below the checkpoint. A token is verified before it is kept, against roots that
the operator trusts, by the same code that auditors run later.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import httpx
import rfc3161_client
from cryptography.x509 import Certificate

from api.log import checkpoints, leaves
from api.log.transparency import TransparencyLog
from core.errors import InvalidInput
from provenance.records import der
from provenance.records.checkpoint import checkpoint_of
from provenance.records.stamping import add_token, stamped_bytes
from provenance.records.timestamp import StampedTime, TimestampError, parse_token

QUERY_TYPE = "application/timestamp-query"
TIMEOUT_S = 30.0
MAX_REPLY_BYTES = 1 << 17
MAX_CANDIDATES = 1000

Send = Callable[[str, bytes], bytes]


@dataclass(frozen=True)
class Stamped:
    """A checkpoint that was stamped: how many entries it has, by whom and when."""

    size: int
    time: StampedTime


def send(url: str, query: bytes) -> bytes:
    """Send a query to an authority (RFC 3161 §3.4); returns its reply.

    Raises:
        TimestampError: it does not answer, or with something else than a reply.
    """
    if not url.startswith(("https://", "http://")):
        raise InvalidInput(f"a time-stamp authority has an http address, not {url!r}")
    try:
        headers = {"Content-Type": QUERY_TYPE}
        with httpx.stream("POST", url, content=query, headers=headers, timeout=TIMEOUT_S) as answer:
            answer.raise_for_status()
            body = bytearray()
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MAX_REPLY_BYTES:
                    raise TimestampError(f"the reply of {url} is longer than {MAX_REPLY_BYTES} bytes")
    except httpx.HTTPError as error:
        raise TimestampError(f"the time-stamp authority {url} does not answer: {error}") from error
    return bytes(body)


def query(log: TransparencyLog) -> tuple[rfc3161_client.TimeStampRequest, int]:
    """A TimeStampReq for the newest checkpoint, and its size; the checkpoint is kept for the answer.

    It is over SHA-256, asks for the certificate, and carries a nonce.
    """
    note = log.checkpoint()
    size = checkpoint_of(note).size
    with leaves.appending(log.engine) as connection:
        note = checkpoints.keep(connection, size, note)
    builder = rfc3161_client.TimestampRequestBuilder().data(stamped_bytes(note))
    builder = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build(), size


def stamp(log: TransparencyLog, url: str, roots: Sequence[Certificate], ask: Send = send) -> Stamped:
    """Have the newest checkpoint stamped and keep the token.

    Args:
        log: our log.
        url: address of the authority.
        roots: certificates of the authorities that are believed.
        ask: how to send the query; for tests.

    Raises:
        InvalidInput: no root is given, or the address is no http address.
        VerificationError: the authority does not answer or refuses, or its token does not verify.
    """
    request, size = query(log)
    return attach(log, token_in(ask(url, request.as_bytes())), roots, size=size, nonce=request.nonce)


def token_in(data: bytes) -> bytes:
    """The token in a file or reply: a TimeStampResp, or the bare token.

    Raises:
        VerificationError: neither, or a reply that refuses.
    """
    first = der.parse(data, der.SEQUENCE, "the reply").fields().next()
    if first.tag == der.OBJECT:
        return data
    try:
        reply = rfc3161_client.decode_timestamp_response(data)
        if reply.status not in (0, 1):
            raise TimestampError(f"the authority refuses: {'; '.join(reply.status_string) or reply.status}")
        return bytes(reply.time_stamp_token())
    except ValueError as error:
        raise TimestampError(f"not a reply of a time-stamp authority: {error}") from error


def attach(
    log: TransparencyLog,
    token: bytes,
    roots: Sequence[Certificate],
    *,
    size: int | None = None,
    nonce: int | None = None,
) -> Stamped:
    """Verify a token and keep it with the checkpoint that it stamps.

    Args:
        log: our log.
        token: the TimeStampToken in DER.
        roots: certificates of the authorities that are believed.
        size: of the checkpoint, where known; otherwise it is looked for by the token's imprint.
        nonce: of the request, where known.

    Raises:
        InvalidInput: no root is given.
        VerificationError: it stamps no checkpoint of ours, or does not verify.
    """
    if not roots:
        raise InvalidInput("give the authority's root certificate: TRACKMARK_TSA_ROOTS or --roots")
    parsed = parse_token(token)
    with leaves.appending(log.engine) as connection:
        if size is None:
            note = _imprinted(checkpoints.all_kept(connection, newest_first=True), parsed.imprint)
        else:
            note = checkpoints.kept(connection, size)
        if note is None:
            raise TimestampError("the token stamps no checkpoint that was kept here; make a new query")
        size = checkpoint_of(note).size
        note, time = add_token(note, token, roots, nonce=nonce)
        checkpoints.keep(connection, size, note)
    return Stamped(size, time)


def _imprinted(notes: Iterator[str], imprint: bytes) -> str | None:
    for note in islice(notes, MAX_CANDIDATES):
        if hashlib.sha256(stamped_bytes(note)).digest() == imprint:
            return note
    return None
