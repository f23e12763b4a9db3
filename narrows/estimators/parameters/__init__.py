"""Parameters of the estimators: their definitions, checks, "auto" values and renames."""
