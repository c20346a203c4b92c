"""Keys: their files, their hardware, their life, and what is published of them."""
