"""Queries, runs and pages that the lab, the notebook and the report share."""
