"""Writers: results as files that appear whole or not at all.

Belongs here: a new output format.
May import: every other room of `narrows.data`.
"""
