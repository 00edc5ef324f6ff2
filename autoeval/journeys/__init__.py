"""The journeys: each a page that reads like the sentence of the design."""
