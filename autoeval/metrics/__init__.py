"""Arrays in, numbers out: win rates, their intervals, length control and rankings. No I/O here."""
