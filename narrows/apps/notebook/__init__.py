"""The views in a notebook."""
