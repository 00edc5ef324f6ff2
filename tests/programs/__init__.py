"""Tests of the sandbox that programs run in."""
