"""Test mode: keys of scope `test` get forced answers, made of the request alone.

Nothing here reaches the pipeline, its stores, or another service: see the contract
`test-mode` of import-linter, and docs/test-mode.md for the tables.
"""
