"""Common parts of the lab and the service: access to a server, its start and its end."""
