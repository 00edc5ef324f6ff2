"""What the report and the site are made of: charts, a style, and pages that ask nothing of anybody."""
