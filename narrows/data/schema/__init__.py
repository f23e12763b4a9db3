"""The schema: learned from the training rows, it encodes rows as floats and decodes floats as rows.

Belongs here: facts of a fitted schema (`layout`), inference of kinds and scales, checks of rows, encoding, decoding.
May import: `kinds`, `text`, `containers`, `rows`, `frames`. Modules below `schema.schema` take a `SchemaLayout`.
"""
