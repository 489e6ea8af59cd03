"""What Python users call: `load`, `compile`, `check`, `einsum`, the builder."""
