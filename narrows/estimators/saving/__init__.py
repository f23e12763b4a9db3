"""Files of fitted models: saved models, checkpoints and ONNX, and the model hub."""
