"""Tests of the gate before a release."""
