"""How the parameters of the autoencoders are declared, and read from the source without importing PyTorch."""
