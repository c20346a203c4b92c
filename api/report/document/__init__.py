"""Reports and certificates as documents: what people read, whichever way it is rendered."""
