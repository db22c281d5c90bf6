"""Simulated payments: seeded, streaming, real enough to learn from."""

from fraud_ops.simulate.config import SCENARIO_SHARES, SimulationConfig
from fraud_ops.simulate.sanctioned_names import read_listed_names, shipped_names
from fraud_ops.simulate.stream import (
    SimulatedLabel,
    SimulatedPayment,
    Simulation,
    stream,
    transactions,
)
from fraud_ops.simulate.summary import ScenarioRow, summarise, summary

__all__ = [
    "SCENARIO_SHARES",
    "ScenarioRow",
    "SimulatedLabel",
    "SimulatedPayment",
    "Simulation",
    "SimulationConfig",
    "read_listed_names",
    "shipped_names",
    "stream",
    "summarise",
    "summary",
    "transactions",
]
