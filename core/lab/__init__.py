"""Experiments as data, the workers that run them, and the store that keeps what they record.

In reading order: `experiments.py` (what a race is), `race.py` (a race as a row of messages; runs in a worker),
`store.py` (where they are kept), `curves.py` (what a page draws of them), `cluster.py` (who runs what, and when).
"""
