"""Torch takes one core in these tests: on models so small, more threads wait for each other."""

import torch

torch.set_num_threads(1)
