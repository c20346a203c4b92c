"""Sign-in of people at an OpenID Connect provider that the operator names."""
