"""Tests of telling refusals."""
