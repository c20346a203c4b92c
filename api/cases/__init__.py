"""Cases: what people decide about audits, beside the signed audits themselves."""
