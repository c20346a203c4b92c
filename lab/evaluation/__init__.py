"""Every published number comes from a command in this package."""
