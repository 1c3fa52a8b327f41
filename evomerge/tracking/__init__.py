"""The record of a search in MLflow: a projection that the study can always give again."""
