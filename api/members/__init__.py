"""The people of a tenant: who is invited, as what, and for how long they stay signed in."""
