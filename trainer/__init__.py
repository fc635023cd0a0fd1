"""The MNIST CNN: model, data, training, runs."""

import os

# While a thread of PyTorch's OpenMP waits for the others it spins, for milliseconds by default. On a machine that does
# anything else that keeps the thread waited for from running: training then takes 5 to 20 times as long (seen on two
# cores). A short spin costs up to a tenth on an idle machine. It is read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
