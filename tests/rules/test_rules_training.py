"""Training runs: a run that is counted twice, or not at all, is a wrong price per run."""

from __future__ import annotations

import pandas as pd
import pytest

from aiops_cost.rules.engine import attribute, load_packs, tag_map
from aiops_cost.rules.examples import frame_of

JOB = {
    "ProviderName": "AWS",
    "ServiceName": "Amazon SageMaker",
    "x_UsageType": "USE1-Train:ml.p4d.24xlarge",
    "ResourceId": "arn:aws:sagemaker:us-east-1:1:training-job/ranker-20260503-0300",
}
PREP = {
    "ProviderName": "AWS",
    "ServiceName": "Amazon SageMaker",
    "x_UsageType": "USE1-Processing:ml.m5.4xlarge",
    "ResourceId": "arn:aws:sagemaker:us-east-1:1:processing-job/ranker-prep-20260503-0300",
}
HOST = {"ProviderName": "AWS", "ServiceName": "Amazon SageMaker", "x_UsageType": "USE1-Host:ml.g5.xlarge"}


def run_of(line: dict[str, str], **options: object) -> str | None:
    found = attribute(frame_of([line]), load_packs(), **options)["x_Run"].iloc[0]  # type: ignore[arg-type]
    return None if pd.isna(found) else str(found)


def test_a_job_is_the_run_that_its_id_names() -> None:
    assert run_of(JOB) == "ranker-20260503-0300"


@pytest.mark.parametrize("key", ["run_id", "RunId", "run-id", "user:run_id", "mlflow_run_id"])
def test_a_tag_that_names_the_run_goes_before_the_job_id(key: str) -> None:
    assert run_of({**JOB, f"tags.{key}": "r-7"}) == "r-7"


def test_a_tag_that_names_a_job_goes_after_the_job_id() -> None:
    assert run_of({**JOB, "tags.job-name": "ranker"}) == "ranker-20260503-0300"
    assert run_of({**JOB, "ResourceId": "arn:aws:x", "tags.job-name": "ranker"}) == "ranker"


def test_data_preparation_is_of_the_run_that_its_tag_names_and_is_no_run_itself() -> None:
    assert run_of({**PREP, "tags.run-id": "r-7"}) == "r-7"
    assert run_of(PREP) is None


def test_what_is_not_training_has_no_run() -> None:
    assert run_of({**HOST, "tags.run-id": "r-7"}) is None


def test_the_configuration_says_which_tag_names_the_run() -> None:
    tags = tag_map({"run": ["tags.cycle"]})
    assert run_of({**JOB, "tags.cycle": "c-1", "tags.run-id": "r-7"}, tags=tags) == "c-1"
    assert run_of({**JOB, "tags.run-id": "r-7"}, tags=tags) == "ranker-20260503-0300"
