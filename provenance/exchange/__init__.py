"""Records on their way to other systems and back: DDEX, tables, credentials, catalogues, transfers."""
