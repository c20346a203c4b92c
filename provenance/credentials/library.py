"""Settings of the C2PA library: no network, no thumbnails, and only the trust anchors that we name.

Without `trust_config` the library refuses every certificate with a message about a missing usage; the list
of usages is what it means (c2pa-python 0.38).
"""

from collections.abc import Sequence
from typing import Any

from provenance.credentials.identity import TRUSTED_USAGES

SIGNERS, AUTHORITIES = "urn:trackmark:signers", "urn:trackmark:time-stamp-authorities"
"""Names of the two lists of roots. The library takes a signer by any list and says by which, so whoever reads
its report must look (c2pa-python 0.38)."""


def settings(trust_anchors: Sequence[str], tsa_anchors: Sequence[str] = ()) -> dict[str, Any]:
    """Settings for one Context.

    Args:
        trust_anchors: root certificates in PEM that signers may chain to (time-stamp authorities, too).
        tsa_anchors: those that only time-stamp authorities may chain to.
    """
    only_tsa = [root for root in tsa_anchors if root not in trust_anchors]
    lists = (("manifest", SIGNERS, trust_anchors), ("tsa", AUTHORITIES, only_tsa))
    return {
        "version": 1,
        "trust": {
            "trust_config": "\n".join(usage.dotted_string for usage in TRUSTED_USAGES),
            "anchors": [
                {"trust_kind": kind, "trust_uri": name, "trust_anchors": "\n".join(roots)}
                for kind, name, roots in lists
                if roots
            ],
        },
        # A remote manifest's address is attacker's text: following it would let a file reach our network.
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "builder": {"thumbnail": {"enabled": False}},
    }
