"""Programs that a model wrote, run where they can harm nothing: without network, files, or time without end."""
