"""The checks of a preflight, one module each: what they ask, and what they make of it."""
