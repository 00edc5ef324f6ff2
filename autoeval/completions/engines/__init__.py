"""Asking elsewhere than in this process; nothing else knows of it."""
