"""A soak: half an hour of everything that can go wrong, mixed, with every promise checked all the time."""
