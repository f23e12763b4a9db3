"""The schema: learned from the training rows, it turns rows into floats and floats into rows."""
