"""What changes step by step, each step kept: the ground that cases and notices stand on."""
