"""What stands under `recipes:`: alternatives, their models and parameters, holes and values."""
