"""All runs of a folder in a browser: served on this machine, or written as pages for who cannot serve."""
