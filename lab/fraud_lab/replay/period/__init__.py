"""A recorded period of the decision log through the engines again, in bulk."""
