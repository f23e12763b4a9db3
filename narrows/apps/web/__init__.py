"""What the lab and the service share: access to a server, and its start and end."""
