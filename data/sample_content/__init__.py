"""The sample collection's content: sources, figures and the writers that turn them into files."""
