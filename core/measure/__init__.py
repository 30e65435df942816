"""Estimates from what training yields: noise, time, memory. Each file says its formula and its source."""
