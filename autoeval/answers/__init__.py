"""Answers that can be checked without a judge: a number, a letter, instructions, code."""
