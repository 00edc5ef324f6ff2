"""Batch APIs: another way to ask. Replies take up to a day and cost half.

The jobs stand in the cache's file, so whoever has that file can collect them: another run, or another machine.
"""
