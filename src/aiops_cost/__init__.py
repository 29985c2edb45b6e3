"""FinOps cost monitoring for AI workloads: bills, attributed and compared with the migration plan."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("aiops-cost")
except PackageNotFoundError:  # running from a source tree that was never installed
    __version__ = "0.1.0"

__all__ = ["__version__"]
