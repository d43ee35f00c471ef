"""Files of questions in, a folder of Parquet files out: journaled, resumable, a row for every question."""
