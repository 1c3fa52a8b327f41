"""Merge arithmetic compiled for the CPU, bit-equal to mergekit's."""
