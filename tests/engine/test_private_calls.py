"""What the engine calls of torch is partly private: a new torch that has changed it should be told here first."""

import pytest
import torch

from core.engine.cpu_graph import BUILDER


@pytest.mark.parametrize("name", [*BUILDER, "TensorType", "OptionalType", "TupleType", "IntType", "FloatType"])
def test_torch_can_still_build_a_graph_from_python(name):
    assert hasattr(torch._C, name), (
        f"torch {torch.__version__} has no torch._C.{name}: core/engine/cpu_graph.py needs it"
    )


def test_onednn_still_multiplies_with_the_same_arguments():
    assert str(torch.ops.mkldnn._linear_pointwise.default._schema) == (
        "mkldnn::_linear_pointwise(Tensor X, Tensor W, Tensor? B, str attr, "
        "Scalar?[] scalars, str? algorithm) -> Tensor Y"
    ), "core/engine/onednn.py calls it"


@pytest.mark.skipif(not torch.backends.cuda.is_built(), reason="this torch is built without CUDA")
def test_a_graph_s_workspaces_can_still_be_let_go():
    assert hasattr(torch._C, "_cuda_clearCublasWorkspaces"), "core/engine/cuda_graph.py calls it"
