"""C2PA Soft Binding Resolution.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from ..answers import Download
from ..calling import Calling, Upload, quoted
from ..shapes import Algorithms, Capabilities, LookupAnswer, Matches


class C2paOperations(Calling):
    """C2PA Soft Binding Resolution."""

    def get_matches_by_binding(self, *, alg: str, value: str, max_results: int | None = None) -> Matches:
        """By soft binding.

        The manifests of the record that a watermark names.

        Args:
            alg: how the binding was made
            value: base64
            max_results: how many at most

        Raises:
            Refused: 414, a value in the address is too long
        """
        answer: Matches = self._json(
            "GET", "/c2pa/v1/matches/byBinding", query={"alg": alg, "value": value, "maxResults": max_results}
        )
        return answer

    def post_matches_by_binding(
        self, *, alg: str, value: str, max_results: int | None = None, idempotency_key: str | None = None
    ) -> Matches:
        """By soft binding.

        The same with the binding in the body, for values that are too long for an address.

        Args:
            max_results: how many at most
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: Matches = self._json(
            "POST",
            "/c2pa/v1/matches/byBinding",
            query={"maxResults": max_results},
            body={"alg": alg, "value": value},
            key=idempotency_key,
        )
        return answer

    def get_matches_by_content(
        self,
        *,
        file: Upload,
        max_results: int | None = None,
        alg: str | None = None,
        hint_alg: str | None = None,
        hint_value: str | None = None,
        prefer: str | None = None,
        idempotency_key: str | None = None,
    ) -> Matches | LookupAnswer:
        """By content.

        The manifests of the record whose sound this is. The upload is erased before the answer is sent.

        A job compares the sound. What it has not found in time it goes on to find: the same request gets
        the answer when it comes again (503, `Retry-After`).

        With `alg` only of a record that this binding, found in the audio, names too. `hintAlg` and
        `hintValue` say which binding the client has read: the record that it names comes first, if the
        sound agrees. A hint alone matches nothing.

        Args:
            file: the audio file
            max_results: how many at most
            alg: only by this algorithm
            hint_alg: how the binding that was read was made
            hint_value: base64
            prefer: `respond-async` (RFC 7240): answer 202 at once; the outcome is found at `Location`
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 409, the state does not allow this; 415, not a content type that is taken here
        """
        answer: Matches | LookupAnswer = self._json(
            "POST",
            "/c2pa/v1/matches/byContent",
            query={"maxResults": max_results, "alg": alg, "hintAlg": hint_alg, "hintValue": hint_value},
            headers={"Prefer": prefer},
            fields={"file": file},
            key=idempotency_key,
        )
        return answer

    def post_matches_by_reference(self, *, idempotency_key: str | None = None) -> None:
        """By reference: not offered.

        C2PA leaves this route to the service. Ours fetches nothing from addresses that a client names.

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 501, not offered here
        """
        self._send("POST", "/c2pa/v1/matches/byReference", key=idempotency_key)

    def get_manifest_by_id(self, manifest_id: str) -> Download:
        """Fetch a manifest store.

        The manifest store, as it was signed. It binds the file that it was made for, byte for byte.

        Args:
            manifest_id: id of the manifest

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/c2pa/v1/manifests/{quoted(manifest_id)}")

    def get_supported_bindings(self) -> Algorithms:
        """Supported algorithms.

        Our watermark. Fingerprints are compared too, but under no name of the algorithm list.
        """
        answer: Algorithms = self._json("GET", "/c2pa/v1/services/supportedAlgorithms")
        return answer

    def get_service_capabilities(self) -> Capabilities:
        """Optional routes.

        Public: the version of C2PA's API, and which of its optional routes are offered.
        """
        answer: Capabilities = self._json("GET", "/c2pa/v1/services/capabilities")
        return answer

    def get_lookup(self, lookup_id: str) -> LookupAnswer:
        """Follow a lookup.

        The lookup's state and, once it succeeded, what it found. It is kept for a day.

        Args:
            lookup_id: id of the lookup

        Raises:
            Refused: 404, no such entry
        """
        answer: LookupAnswer = self._json("GET", f"/v1/lookups/{quoted(lookup_id)}")
        return answer
