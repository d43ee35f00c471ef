"""A run as a page to read: one HTML file with its answers, their sources, and how memory was used."""
