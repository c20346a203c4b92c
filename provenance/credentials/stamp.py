"""A time stamp on the signature of content credentials, put in after they were signed.

The process that parses files has no network, and the C2PA library asks authorities by itself or not at all,
so we ask. The token goes where the library would put it (C2PA 2.x: `sigTst2` in the unprotected header of
the COSE signature) and takes the place of as much padding, so that nothing else of the file moves.
"""

import struct

import rfc3161_client

from core.errors import CredentialsError
from provenance.records import der
from provenance.records.timestamp import TimestampError

TIMEOUT_S = 30.0
MAX_REPLY_BYTES = 1 << 17
_BEFORE = bytes.fromhex("f65840")
"""CBOR of the COSE fields before the 64 bytes of a signature: no payload, and the head of a byte string."""
_SIGNED = b"\x84\x6aSignature1"
_PAD = b"\xa1\x63pad\x59"
"""CBOR of an unprotected header with nothing but padding of 256 bytes to 64 KB."""
_TOKENS = b"\xa2\x67sigTst2\xa1\x69tstTokens\x81\xa1\x63val\x59"


class NoStamp(CredentialsError):
    """The authority does not answer, or refuses."""


def token(message: bytes, signature: bytes, url: str) -> bytes:
    """Ask an authority to stamp a signature.

    Args:
        message: what was signed: a COSE Sig_structure (RFC 9052 §4.4).
        signature: 64 bytes.
        url: address of the authority.

    Returns:
        The token (RFC 3161) that goes into the credentials.

    Raises:
        NoStamp: it does not answer, or refuses.
    """
    import httpx  # slow to import, and whoever reads credentials asks nobody

    builder = rfc3161_client.TimestampRequestBuilder().data(_countersigned(message, signature))
    builder = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256)
    query = builder.nonce(nonce=True).cert_request(cert_request=True).build().as_bytes()
    try:
        headers = {"Content-Type": "application/timestamp-query"}
        body = bytearray()
        with httpx.stream("POST", url, content=query, headers=headers, timeout=TIMEOUT_S) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                body += part
                if len(body) > MAX_REPLY_BYTES:
                    raise NoStamp(f"the time-stamp authority {url} answers without end")
        reply = rfc3161_client.decode_timestamp_response(bytes(body))
        if reply.status not in (0, 1):
            raise NoStamp(f"the time-stamp authority {url} refuses: status {reply.status}")
        found = bytes(reply.time_stamp_token())
        der.parse(found, der.SEQUENCE, "the token")
    except (httpx.HTTPError, httpx.InvalidURL, TimestampError, ValueError) as error:
        raise NoStamp(f"the time-stamp authority {url} gives no stamp: {error}") from error
    return found


def _countersigned(message: bytes, signature: bytes) -> bytes:
    """What a token in `sigTst2` is about: the signature, under the header that it was made under."""
    at, size = len(_SIGNED), 0
    if message.startswith(_SIGNED + b"\x59"):
        size = 3 + struct.unpack_from(">H", message, at + 1)[0]
    elif message.startswith(_SIGNED + b"\x58"):
        size = 2 + message[at + 1]
    if not size or at + size > len(message):
        raise CredentialsError("what was signed is no claim")
    return b"\x84\x70CounterSignature" + message[at : at + size] + b"\x40\x58\x42" + _BEFORE[1:] + signature


def stamped(data: bytes, signature: bytes, token: bytes) -> tuple[int, bytes]:
    """The header of a signature with a token in it.

    Args:
        data: bytes with the signature in them.
        signature: 64 bytes, which are in `data` once.
        token: what `token` returned.

    Returns:
        Where the header begins in `data`, and what to write there: as long as what it was.

    Raises:
        CredentialsError: the signature is not there, or has no room for the token.
    """
    end = data.find(_BEFORE + signature)
    start = data.rfind(_PAD, 0, max(end, 0))
    if end < 0 or start < 0 or start + len(_PAD) + 2 + struct.unpack_from(">H", data, start + 6)[0] != end:
        raise CredentialsError("the credentials have no place for a time stamp")
    head = _TOKENS + struct.pack(">H", len(token)) + token + _PAD[1:]
    room = end - start - len(head) - 2
    if not 256 <= room <= 0xFFFF or not 256 <= len(token) <= 0xFFFF:
        raise CredentialsError(f"the time stamp of {len(token)} bytes does not fit into the credentials")
    return start, head + struct.pack(">H", room) + bytes(room)
