"""Actions: challenges, holds, blocks, alerts, cases."""
