"""Requests in, replies in the cache out."""
