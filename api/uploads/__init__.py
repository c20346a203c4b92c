"""Uploads that can be resumed: they come in pieces, survive every crash, and become jobs by their id."""

from api.uploads.appending import Appending
from api.uploads.uploads import ResumableUpload, Uploads, fresh_name

__all__ = ["Appending", "ResumableUpload", "Uploads", "fresh_name"]
