"""Instructions made harder by a model: what it is asked, and which of its replies are of no use."""
