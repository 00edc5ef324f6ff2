"""One file a provider: a request to its protocol, an error to a Failure."""
