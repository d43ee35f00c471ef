"""What speaks to models: chat completions, token counters, embedders. Each module is imported when it is needed."""
