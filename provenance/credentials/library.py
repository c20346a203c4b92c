"""Settings of the C2PA library: no network, no thumbnails, and only the trust anchors that we name.

Without `trust_config` the library refuses every certificate with a message about a missing usage; the list
of usages is what it means (c2pa-python 0.38).
"""

import json
from collections.abc import Sequence
from typing import Any

from provenance.credentials.identity import TRUSTED_USAGES


def settings(trust_anchors: Sequence[str]) -> dict[str, Any]:
    """Settings for one Context.

    Args:
        trust_anchors: root certificates in PEM that signers may chain to.
    """
    trust: dict[str, Any] = {"trust_config": "\n".join(usage.dotted_string for usage in TRUSTED_USAGES)}
    if trust_anchors:
        trust["trust_anchors"] = "\n".join(trust_anchors)
    return {
        "version": 1,
        "trust": trust,
        # A remote manifest's address is attacker's text: following it would let a file reach our network.
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "builder": {"thumbnail": {"enabled": False}},
    }


def settings_json(trust_anchors: Sequence[str]) -> str:
    """The same as text."""
    return json.dumps(settings(trust_anchors))
