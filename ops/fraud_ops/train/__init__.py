"""`fraud train`: the order of the steps; each model's training is its service's own."""

from fraud_ops.train.command import train_command

__all__ = ["train_command"]
