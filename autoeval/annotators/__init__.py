"""Pairs to requests, replies to annotations."""
