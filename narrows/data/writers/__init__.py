"""Writers: results as files that appear whole or not at all."""
