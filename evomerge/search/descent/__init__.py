"""Chains of steps down the gradient of the loss, rebuilt from the study's trials alone."""
