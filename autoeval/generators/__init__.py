"""Instructions to model outputs."""
