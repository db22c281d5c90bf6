"""Speed of the feature executors."""
