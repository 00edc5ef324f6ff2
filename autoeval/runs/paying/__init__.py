"""Paying for some of the pairs: which ones, decided and stored before anything is asked, and what they come to."""
