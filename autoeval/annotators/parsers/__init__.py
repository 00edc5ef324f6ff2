"""One file a way of reading a verdict from a reply."""
