"""What a visitor may choose, and what pages show when nothing was chosen."""

# what a visitor may choose
MAX_TEXT_CHARACTERS = 5_000_000
MAX_BATCH_SIZES = 6
MAX_BATCH_SIZE = 4096
USUAL_SIZES = tuple(2**k for k in range(10))  # that a menu of batch sizes offers
MAX_BLOCK_SIZE = 512
MAX_SEEDS = 8
MAX_MEMBERS = 40  # of a class: each is a seed of one race
MAX_SEED = 999_999  # the first of them
MAX_STEP = 9_999  # that can be walked to
MAX_EXAMPLES = 2_000_000  # that a page draws to count what has been seen
MAX_TOKENS = 50_000_000
MAX_LAYERS = 12
MAX_HEADS = 32
MAX_CHANNELS = 768
MAX_NOISE_SIZES = 12  # batch sizes, and steps, of one measurement of noise
MAX_NOISE_BATCHES = 1_000
MAX_RATES = 10  # of one sweep
ORDER_EVALS = 25  # validations of a race of orders
ORDER_TOKENS = 640_000  # for each run of it: one and a half times the large sample
MAX_MICRO_BATCH, MAX_ACCUMULATION = 256, 64
MAX_RANKS, MAX_PARALLEL_STEPS = 4, 200
VECTORISED = 64  # windows that are also taken one by one
MAX_TIMED_FLOPS = 5e11  # of one step, about: some seconds of a core
MIN_BUDGET, MAX_BUDGET = 2**20, 2**40  # bytes, for the largest batch to fit into
MAX_EMBEDDED_BYTES = 200_000  # of a text in a file that is taken away; a longer one is put beside it
MAX_NOTE = 300  # characters, of the one that a prepared page shows
LEAST_WORKER_BYTES = 512 * 2**20  # torch takes 300 MB of it; with less, a worker would be ended again and again
LOADED_BYTES = 220 * 2**20  # of a launcher, or of a rank that has loaded torch for itself; seen: 189 and 204 MB
SHARING_RANK_BYTES = 30 * 2**20  # of a rank that shares that with its launcher, beside its tensors; seen: 25 MB

# of the claims
CLAIM_SIZES = {"small": (8, 16, 32), "medium": (64, 128, 256), "large": (512, 1024, 2048, 4096)}
CLAIM_TOKENS = 1_600_000  # for each run: a large batch should make some steps too
CLAIM_EXCERPT = 8_000  # characters: a text that can be learnt by heart
CLAIM_STEPS = (0, 20, 50, 100, 200, 400)  # where the noise scale is taken
CLAIM_RATES = (5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2)

# (layers, heads, channels)
MODEL_SIZES = {"tiny": (1, 2, 32), "small": (2, 4, 64), "medium": (4, 4, 128)}

GPU_CORES = 20  # so many cores' work may be asked of a GPU; one H100 made 500 times as many products a second as a core


def allowed_flops(core_flops: float, device: str) -> float:
    """What a device may be asked to do where a core may be asked for `core_flops`."""
    return core_flops if device == "cpu" else GPU_CORES * core_flops
