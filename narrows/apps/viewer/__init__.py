"""The viewer: the queries and pages that the lab, the notebook and the report share."""
