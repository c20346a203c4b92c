"""The tenants of a service: who they are, and which of them are suspended."""
