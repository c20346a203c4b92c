"""Events that a tenant's endpoints are told of, entered in the transaction that makes them."""
