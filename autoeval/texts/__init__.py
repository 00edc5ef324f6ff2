"""What stands in a text that a model wrote: values, and the marks of its reasoning."""
