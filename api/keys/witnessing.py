"""Having the log co-signed by those whom the registry knows as its witnesses."""

from api.keys.published import PublishedKeys
from api.log.cosigning import Cosigned, Post, collect, post
from provenance.records.keyevents import ROTATE, KeyEvent


def cosign(published: PublishedKeys, send: Post = post) -> Cosigned:
    """Have the witnesses co-sign the newest checkpoint; see `cosigning.collect`."""
    events = published.events("log")
    handovers = [e for e in events if KeyEvent.from_payload(e.envelope.payload).type == ROTATE]
    return collect(published.log, published.witnesses, send, handovers=handovers)
