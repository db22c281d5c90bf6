"""Proofs about rules and policies, with the solver z3. Offline only: nothing serves them."""
