"""Weights in, scores out: lm-eval tasks built once and scored many times."""
