"""The way from parameters and rows to a training that is ready to start."""
