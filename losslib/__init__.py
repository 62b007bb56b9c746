"""Loss functions twice: `losslib.reference` to read (NumPy), `losslib.functional` to train with (PyTorch)."""
