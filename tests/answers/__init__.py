"""Tests of answers that are checked without a judge."""
