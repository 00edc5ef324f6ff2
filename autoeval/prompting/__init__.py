"""Who is asked and how: models, messages, templates; shared by judges and generators."""
