"""New rows from a variational model: the density of its codes, the noise of its decoder, and conditions.

Belongs here: what `VariationalAutoencoder.sample` draws with. The likelihoods themselves are in `narrows.model`.
"""
