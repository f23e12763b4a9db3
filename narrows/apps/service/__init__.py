"""The service of saved models over HTTP: `narrows serve`."""
