"""CSV files of every separator, encoding and header."""
