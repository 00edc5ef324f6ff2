"""Boards of models: tables and the static site."""
