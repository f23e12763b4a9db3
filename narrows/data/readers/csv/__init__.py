"""CSV files of any separator, encoding, header and compression, as Arrow tables.

Belongs here: detection of how a file is written, UTF-8 streams of rows for Arrow, errors with line numbers.
May import: `text` and `frames`; no other reader.
"""
