"""How well likeness is measured: covers, variants of one generator, and unrelated pairs."""
