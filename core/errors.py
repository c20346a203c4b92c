"""The error tree: every failure that a caller can act on is one of these types.

Messages say what to do next. HTTP statuses live in `api/errors.py`, exit codes in `api/cli`.
"""


class TrackmarkError(Exception):
    """Any failure that Trackmark raises on purpose."""


class AudioError(TrackmarkError):
    """The given bytes cannot be used as audio."""


class UnreadableAudio(AudioError):
    """Not audio, truncated beyond use, or a container that lies about its content."""


class UnsupportedAudio(AudioError):
    """Audio, but outside what is accepted (channels, sample rate, codec)."""


class AudioTooLarge(AudioError):
    """Longer or larger than the limits allow."""


class EmptyAudio(AudioError):
    """No samples at all."""


class InvalidSamples(AudioError):
    """Samples that are not finite numbers."""


class DecodeTimeout(AudioError):
    """Decoding took longer than the limits allow."""


class EncodeError(TrackmarkError):
    """Audio could not be written in the requested format."""


class WeightsError(TrackmarkError):
    """A model card and its weights do not agree, or the file is missing."""


class WatermarkError(TrackmarkError):
    """A watermark cannot be embedded as asked (too short, silent, wrong message length)."""


class KeyFileError(TrackmarkError):
    """A key file is missing, damaged or locked."""


class RecordError(TrackmarkError):
    """An ownership record breaks a rule of its schema."""


class VerificationError(TrackmarkError):
    """Something that was signed or logged does not verify."""


class SignatureError(VerificationError):
    """No signature by an accepted key verifies."""


class ProofError(VerificationError):
    """An inclusion or consistency proof does not lead to the checkpoint."""


class CredentialsError(TrackmarkError):
    """Content credentials cannot be written or parsed."""


class RegistryError(TrackmarkError):
    """The registry cannot do what was asked (unknown or conflicting entry)."""


class GenerationError(TrackmarkError):
    """A generator could not be loaded or could not produce audio."""
