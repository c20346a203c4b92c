"""What the service keeps as files, in an object store that several machines share."""

from api.store.objects import Found, ObjectStore

__all__ = ["Found", "ObjectStore"]
