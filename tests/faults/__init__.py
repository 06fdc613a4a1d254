"""What breaks, and what must hold while it does: one function a fault, which takes a count and returns an Outcome.

The suite runs them short (tests/faults/test_*.py), `python benchmarks/faults.py` runs them long.
"""
