"""Training: making or changing a model. Owns its components, its drivers and what names one run.

Cost = runs x compute per run x unit price + data preparation per cycle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aiops_cost.rules.driver import Driver

_COMPUTE = ("training-job", "training-cluster", "ai-api-training")
COMPONENTS = (*_COMPUTE, "fine-tuning", "training-storage")

DRIVERS = (
    Driver(
        "compute per run", "hours", "ConsumedQuantity", "runs x machine hours per run x price per hour", _COMPUTE
    ),
    Driver(
        "tuned tokens", "1M tokens", "ConsumedQuantity",
        "runs x tokens of the data set x epochs x price per token", ("fine-tuning",),
    ),
    Driver(
        "data preparation", "hours", "ConsumedQuantity",
        "cycles x preparation hours per cycle x price per hour; the disks of the cluster go with it",
        ("training-storage",),
    ),
)  # fmt: skip

PREPARATION = ("data-processing", "data-labeling", "training-storage")
"""Components that prepare a run, whatever activity they are billed under."""

JOB_TAGS = ("job-name", "training-job", "job-id", "job-run-id", "batch.kubernetes.io/job-name", "RunName")
"""Tags that name a job: asked only where no tag names the run and the resource id names no job, as a job that runs
again often keeps its name."""

_SAGEMAKER_JOB = re.compile(r":training-job/([\w-]+)")
_BEDROCK_JOB = re.compile(r":(?:model-customization-job|reinforcement-fine-tuning-job)/([\w./:-]+)")
_VERTEX_JOB = re.compile(r"/(?:customJobs|trainingPipelines|hyperparameterTuningJobs|tuningJobs)/([\w-]+)")
_AZURE_JOB = re.compile(r"/(?:jobs|runs|experiments)/([\w.-]+)", re.IGNORECASE)
_SUFFIX = re.compile(r"[-_](?:\d{4}-?\d{2}-?\d{2}.*|\d{8,}.*|[0-9a-f]{8,}|\d{1,4})$")


def run(text: str) -> str | None:
    """The training run that a resource id names, as its provider writes ids; None when it names none.

    >>> run("arn:aws:sagemaker:us-east-1:1:training-job/ranker-2026-05-03")
    'ranker-2026-05-03'
    """
    for pattern in (_SAGEMAKER_JOB, _BEDROCK_JOB, _VERTEX_JOB, _AZURE_JOB):
        found = pattern.search(text)
        if found:
            return found[1]
    return None


def series(name: str) -> str:
    """The name that runs of one pipeline share: a date, a counter or a hash at its end is left off.

    >>> series("ranker-2026-05-03-01-22-10"), series("ranker-7")
    ('ranker', 'ranker')
    """
    before = ""
    while before != name:
        before, name = name, _SUFFIX.sub("", name)
    return name


READERS: Mapping[str, Callable[[str], str | None]] = {"run": run}
