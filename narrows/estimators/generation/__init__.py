"""New rows from a variational model: the density of its codes, the noise of its decoder, and conditions.

Belongs here: densities and draws of `VariationalAutoencoder.sample`. The likelihoods themselves are in `narrows.model`.
"""
