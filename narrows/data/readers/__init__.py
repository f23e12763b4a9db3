"""Readers: one module for each format of files; none knows read.py."""
