"""The registry: records, their events, artists, manifests and fingerprints of a tenant."""
