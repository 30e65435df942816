"""Products of several models' matrices, taken in parts as on a GPU."""

import pytest
import torch

from core.model.layers import num_parts, stacked_product


@pytest.mark.parametrize("bias", [True, False])
def test_a_product_in_parts_and_its_gradients_are_those_in_one(bias):
    generator = torch.Generator().manual_seed(0)
    shapes = [(3, 24, 5), (3, 5, 7), *[(3, 1, 7)] * bias]
    tensors = [torch.randn(shape, generator=generator, requires_grad=True) for shape in shapes]
    weights_of_loss = torch.randn(3, 24, 7, generator=generator)

    def both_ways(parts):
        y = stacked_product(*tensors, *[None] * (not bias), parts=parts)
        return y, *torch.autograd.grad((y * weights_of_loss).sum(), tensors)

    for one, other in zip(both_ways(1), both_ways(4), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_rows", [1, 100, 512, 8192, 8200, 131_072])
@pytest.mark.parametrize("shape", [(1, 64, 64), (4, 256, 64), (8, 104, 64), (4, 1536, 384)])
def test_parts_are_equal_and_neither_short_nor_more_than_needed(num_rows, shape):
    parts = num_parts(num_rows, shape)
    assert num_rows % parts == 0 and (parts == 1 or num_rows // parts >= 128)
    tiles = shape[0] * -(-shape[1] // 64) * -(-shape[2] // 64)
    assert parts == 1 or parts * tiles <= 256
