"""Parameters that several journeys take: declared, checked and given their meaning in one place."""
