"""What `trackmark doctor` asks of others, where the settings name them: nothing of ours is told to them."""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from api.cli.symptom import Check
from core import clock
from core.counted import counted

if TYPE_CHECKING:
    from api.settings import Settings

CLOCK_TOLERANCE_S = 300.0
ANSWER_S = 10.0


def others(chosen: "Settings") -> Iterator[Check]:
    """Whether the provider of identities, the time-stamp authorities and the collector of spans answer."""
    if chosen.oidc_issuer is not None:
        yield _provider(chosen)
    for url in dict.fromkeys((chosen.tsa, chosen.credentials_tsa)):
        if url is not None:
            yield _authority(chosen, url)
    if chosen.telemetry_endpoint is not None:
        yield _collector(chosen.telemetry_endpoint)


def _provider(chosen: "Settings") -> Check:
    """Ask for its document and its keys, as a sign-in would."""
    from api.identity.given import provider_of
    from core.errors import TrackmarkError

    asked = provider_of(chosen)
    try:
        asked.metadata()
        keys = asked.kinds()
    except (TrackmarkError, OSError) as error:  # of a file of roots, too
        do = "look at TRACKMARK_OIDC_ISSUER, _TRUSTED and _ROOTS; until then people sign in by API key only"
        return Check("sign-in", "wrong", f"{asked.issuer}: {error}", do)
    if not keys:
        do = "have the provider publish RSA, EC or OKP keys; nobody can sign in until then"
        return Check("sign-in", "wrong", f"{asked.issuer} answers and has no key for ID tokens", do)
    return Check("sign-in", "ok", f"{asked.issuer} answers; keys: {', '.join(keys)}")


def _authority(chosen: "Settings", url: str) -> Check:
    """Have a random number stamped, and hold the time in the stamp against this machine's clock."""
    import rfc3161_client

    from api.keys.given import trusted_authorities
    from api.log.timestamping import send, token_in
    from core.errors import TrackmarkError
    from provenance.records.timestamp import verify_token

    number = secrets.token_bytes(32)
    builder = rfc3161_client.TimestampRequestBuilder().data(number)
    builder = builder.hash_algorithm(rfc3161_client.HashAlgorithm.SHA256)
    query = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    try:
        token = token_in(send(url, query.as_bytes()))
        stamped = verify_token(token, number, trusted_authorities(chosen), nonce=query.nonce)
    except (TrackmarkError, OSError) as error:
        do = "look at TRACKMARK_TSA, _CREDENTIALS_TSA and _TSA_ROOTS; nothing is stamped until then"
        return Check("time stamps", "wrong", f"{url}: {error}", do)
    apart_s = clock.now().timestamp() - stamped.time_s
    if abs(apart_s) > CLOCK_TOLERANCE_S:
        says = f"{url} stamps, and this machine's clock is {counted(round(abs(apart_s) / 60), 'minute')} "
        says += "ahead of it" if apart_s > 0 else "behind it"
        do = "set the clock by a time server: records and certificates carry its time"
        return Check("time stamps", "wrong", says, do)
    return Check("time stamps", "ok", f"{url} stamps, by an authority that is believed")


def _collector(url: str) -> Check:
    """Send a batch of no spans."""
    import httpx

    try:
        headers = {"Content-Type": "application/x-protobuf"}
        status = httpx.post(url, content=b"", headers=headers, timeout=ANSWER_S).status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        says = f"{url} does not answer ({type(error).__name__})"
    else:
        if status < 300:
            return Check("telemetry", "ok", f"{url} takes spans")
        says = f"{url} answers {status}"
        if status in (401, 403):
            return Check("telemetry", "ok", f"{says}: it asks for OTEL_EXPORTER_OTLP_HEADERS, not sent here")
    return Check(
        "telemetry", "weaker", says, "look at TRACKMARK_TELEMETRY_ENDPOINT; spans are lost until then"
    )
