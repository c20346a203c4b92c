"""A network on textures of music: tried twice and left out (0203, 0204); kept to repeat the result."""
