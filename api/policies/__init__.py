"""The policies of a tenant: kept in every version, tried on past audits, put in force."""
