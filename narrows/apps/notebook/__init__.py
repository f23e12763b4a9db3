"""The views of the lab in a notebook."""
