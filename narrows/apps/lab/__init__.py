"""The live page: `narrows lab`."""
