"""The MNIST CNN: model, data, training, runs."""
