"""Rows from CSV and Parquet files, parsed in a short process of its own."""
