"""A network on textures of music: tried twice and left out (decisions 0203 and 0204); kept to repeat the result."""
