"""The error tree: every failure that a caller can act on is one of these types.

    TrackmarkError
      AudioError
        UnreadableAudio
        UnsupportedAudio
        AudioTooLarge
        EmptyAudio
        InvalidSamples
        DecodeTimeout
      UnreadableScore
      EncodeError
      WeightsError
      WatermarkError
      KeyFileError
      RecordError
      VerificationError
        SignatureError
        ProofError
      CredentialsError
      RegistryError
      GenerationError
      InvalidInput

Messages say what to do next. `code` is the word that programs branch on: it never changes once published, and
a class without one of its own has its parent's. HTTP statuses live in `api/server/answers.py`, exit codes in
`api/cli`.
"""

from typing import ClassVar


class TrackmarkError(Exception):
    """Any failure that Trackmark raises on purpose."""

    code: ClassVar[str] = "internal"


class AudioError(TrackmarkError):
    """The given bytes cannot be used as audio."""

    code = "unusable-audio"


class UnreadableAudio(AudioError):
    """Not audio, truncated beyond use, or a container that lies about its content."""

    code = "unreadable-audio"


class UnsupportedAudio(AudioError):
    """Audio, but outside what is accepted (channels, sample rate, codec)."""

    code = "unsupported-audio"


class AudioTooLarge(AudioError):
    """Longer or larger than the limits allow."""

    code = "audio-too-large"


class EmptyAudio(AudioError):
    """No samples at all."""

    code = "empty-audio"


class InvalidSamples(AudioError):
    """Samples that are not finite numbers, or far beyond what any sound has."""

    code = "invalid-samples"


class DecodeTimeout(AudioError):
    """Decoding took longer than the limits allow."""

    code = "decode-timeout"


class UnreadableScore(TrackmarkError):
    """Not a score, or one that is damaged."""

    code = "unreadable-score"


class EncodeError(TrackmarkError):
    """Audio could not be written in the requested format."""

    code = "encode-failed"


class WeightsError(TrackmarkError):
    """A model card and its weights do not agree, or the file is missing."""

    code = "weights-unavailable"


class WatermarkError(TrackmarkError):
    """A watermark cannot be embedded as asked (too short, silent, wrong message length)."""

    code = "watermark-impossible"


class KeyFileError(TrackmarkError):
    """A key file is missing, damaged or locked."""

    code = "keys-unavailable"


class RecordError(TrackmarkError):
    """An ownership record breaks a rule of its schema."""

    code = "invalid-record"


class VerificationError(TrackmarkError):
    """Something that was signed or logged does not verify."""

    code = "verification-failed"


class SignatureError(VerificationError):
    """No signature by an accepted key verifies."""

    code = "signature-invalid"


class ProofError(VerificationError):
    """An inclusion or consistency proof does not lead to the checkpoint."""

    code = "proof-invalid"


class CredentialsError(TrackmarkError):
    """Content credentials cannot be written or parsed."""

    code = "credentials-failed"


class RegistryError(TrackmarkError):
    """The registry cannot do what was asked (unknown or conflicting entry)."""

    code = "registry-conflict"


class GenerationError(TrackmarkError):
    """A generator could not be loaded or could not produce audio."""

    code = "generation-failed"


class InvalidInput(TrackmarkError):
    """A value that was given, in a request, an option or a setting, is not one that can be used."""

    code = "invalid-request"
