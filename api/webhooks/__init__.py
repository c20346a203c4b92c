"""Webhooks: endpoints of a tenant, signatures by Standard Webhooks, deliveries until they arrive."""
