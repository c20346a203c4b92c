"""Messages are signed as Standard Webhooks has it, and whoever was told the secret can check them."""

from base64 import b64encode

import pytest

from api.webhooks import signing
from core.errors import SignatureError

# The example of the specification's reference libraries (standard-webhooks, test_webhooks).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_specification() -> None:
    sent = signing.headers(ID, AT, BODY, [SECRET])
    assert sent == {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}
    signing.verify(sent, BODY, SECRET, now=AT)


@pytest.mark.parametrize("scheme", ["hmac", "ed25519"])
def test_both_schemes_and_a_secret_that_hands_over(scheme: signing.Scheme) -> None:
    old, new = signing.new_secret(scheme), signing.new_secret(scheme)
    sent = signing.headers(ID, AT, BODY, [new, old])
    for secret in (old, new):
        known = signing.told_of(secret)
        assert known.startswith("whsec_" if scheme == "hmac" else "whpk_")
        signing.verify({name.upper(): value for name, value in sent.items()}, BODY, known, now=AT + 299)


@pytest.mark.parametrize("scheme", ["hmac", "ed25519"])
def test_what_was_changed_is_refused(scheme: signing.Scheme) -> None:
    secret = signing.new_secret(scheme)
    known, sent = signing.told_of(secret), signing.headers(ID, AT, BODY, [secret])
    other = signing.told_of(signing.new_secret(scheme))
    for headers, body, key, now in (
        (sent, BODY + b" ", known, AT),
        ({**sent, "webhook-id": "msg_other"}, BODY, known, AT),
        ({**sent, "webhook-timestamp": str(AT + 1)}, BODY, known, AT),
        ({**sent, "webhook-timestamp": "soon"}, BODY, known, AT),
        ({**sent, "webhook-signature": "v1,"}, BODY, known, AT),
        ({**sent, "webhook-signature": "v2,AAAA"}, BODY, known, AT),
        ({}, BODY, known, AT),
        (sent, BODY, other, AT),
        (sent, BODY, "whpk_" + b64encode(b"x").decode(), AT),
        (sent, BODY, known, AT + 301),
        (sent, BODY, known, AT - 301),
    ):
        with pytest.raises(SignatureError):
            signing.verify(headers, body, key, now=now)
