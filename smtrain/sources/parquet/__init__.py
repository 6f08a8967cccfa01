"""Parquet files, read and written by pyarrow, which nothing else imports: this is loaded when a Parquet file is met."""
