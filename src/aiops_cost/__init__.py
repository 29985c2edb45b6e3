"""FinOps cost monitoring for AI workloads: bills, attributed and compared with the migration plan."""

__version__ = "0.1.0"

__all__ = ["__version__"]
