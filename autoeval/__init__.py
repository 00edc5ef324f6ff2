"""autoeval: find out whether one language model follows instructions better than another."""
