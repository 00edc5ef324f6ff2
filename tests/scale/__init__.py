"""Past one process: shards, shared caches, claims, several servers."""
