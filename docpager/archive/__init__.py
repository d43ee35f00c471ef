"""External context: archives that store documents and find segments, on disk (``lance``) or ``in_memory``."""
