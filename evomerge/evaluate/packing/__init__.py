"""Log-likelihoods from few forward passes: what sequences share is computed once."""
