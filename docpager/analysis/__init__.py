"""What can be said about a run afterwards, without a model."""
