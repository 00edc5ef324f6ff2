"""What every journey does: asking, judging, generating, and keeping what came of it."""
