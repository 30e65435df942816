"""A model of two tokens and two channels whose numbers can be found with pencil and paper.

Attention and MLP add nothing (their last weights are 0) and positions are 0, so a token's embedding goes straight to
the last norm. With embeddings (a, -a) and (-a, a), a = 1/4, the norm makes them (1, -1) and (-1, 1), and the logits
after token 0 are (2a, -2a) = (0.5, -0.5). So after any token

    p(the same token again) = sigmoid(1) = 0.73106     loss 0.31326
    p(the other one)        = sigmoid(-1) = 0.26894    loss 1.31326

The last norm's bias c adds its product with each embedding e_v to the logits, so dL/dc = sum_v (p_v - 1[v = y]) e_v:
after token 0 with target 0 it is -0.26894 (a, -a) + 0.26894 (-a, a) = (-0.13447, 0.13447), with target 1 it is
(0.36553, -0.36553). The mean of the two is (0.11553, -0.11553), of length 0.16338. Numbers hold to 1e-4: the norm
adds 1e-5 to a variance of 1/16.
"""

import torch

from core.model import GPT, GPTConfig, ReplicaStack

SAME, OTHER = 0.31326, 1.31326
BIAS_SAME, BIAS_OTHER, BIAS_MEAN = (-0.13447, 0.13447), (0.36553, -0.36553), (0.11553, -0.11553)


def two_token_stack(block_size: int = 1) -> ReplicaStack:
    config = GPTConfig(vocab_size=2, block_size=block_size, n_layer=1, n_head=1, n_embd=2)
    model = GPT(config, torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.transformer.wte.weight.copy_(torch.tensor([[0.25, -0.25], [-0.25, 0.25]]))
        model.transformer.wpe.weight.zero_()
        model.transformer.h[0].attn.c_proj.weight.zero_()
        model.transformer.h[0].mlp.c_proj.weight.zero_()
    return ReplicaStack([model])
