"""A model that is split over devices: computed, not run."""

from dataclasses import dataclass

from core.strategies.model_parallel import bytes_per_device, idle_share


@dataclass(frozen=True)
class Split:
    """Every layer cut into t parts, the row of layers into p stages, and M micro-batches in the pipeline."""

    num_parameters: float
    tensor_parts: int
    pipeline_stages: int
    micro_batches: int

    @property
    def whole_bytes(self) -> float:
        """What one device would hold without a split."""
        return bytes_per_device(self.num_parameters)

    @property
    def device_bytes(self) -> float:
        return bytes_per_device(self.num_parameters, self.tensor_parts, self.pipeline_stages)

    @property
    def idle_share(self) -> float:
        """Of the pipeline's time."""
        return idle_share(self.pipeline_stages, self.micro_batches)
