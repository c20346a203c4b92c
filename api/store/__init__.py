"""What the service keeps as files, in an object store that several machines share."""

from api.store.objects import Found, Known, ObjectStore

__all__ = ["Found", "Known", "ObjectStore"]
