"""How long a tenant keeps audio, reports and voice prints, and the legal holds that keep things longer."""
