"""What to hand to the administrators of an AWS account: the policy to read an export, and the export to make.

Sources: the service authorization reference of S3, Data Exports, CUR and Cost Explorer; the Data Exports user guide
(dataexports-create-standard, table-dictionary-cur2), and the CloudFormation reference of AWS::BCMDataExports::Export.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

CONFIGURATION = {
    "TIME_GRANULARITY": "DAILY",
    "INCLUDE_RESOURCES": "TRUE",
    "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "TRUE",
    "INCLUDE_IAM_PRINCIPAL_DATA": "TRUE",
    "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
}
"""Of the recommended export: days are what the ledger keeps; resources, split cost and who called a model are what
attribution lives on."""

_TEMPLATE = """\
# CloudFormation: a bucket, and in it the CUR 2.0 export that aiops-cost reads best. Deploy it in the payer account:
#   aws cloudformation deploy --region us-east-1 --stack-name {name} --template-file export.yaml
# Cost allocation tags and split cost allocation data are switched on in the Billing console; no template can do that.
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      BucketName: {bucket}
      PublicAccessBlockConfiguration:
        {{BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}}
  BucketPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Sid: EnableAWSDataExportsToWriteToS3AndCheckPolicy
            Effect: Allow
            Principal: {{Service: [billingreports.amazonaws.com, bcm-data-exports.amazonaws.com]}}
            Action: [s3:PutObject, s3:GetBucketPolicy]
            Resource: [!GetAtt Bucket.Arn, !Sub "${{Bucket.Arn}}/*"]
            Condition:
              StringLike:
                aws:SourceAccount: !Ref AWS::AccountId
                aws:SourceArn:
                  - !Sub arn:${{AWS::Partition}}:cur:us-east-1:${{AWS::AccountId}}:definition/*
                  - !Sub arn:${{AWS::Partition}}:bcm-data-exports:us-east-1:${{AWS::AccountId}}:export/*
  Export:
    Type: AWS::BCMDataExports::Export
    DependsOn: BucketPolicy
    Properties:
      Export:
        Name: {name}
        DataQuery:
          QueryStatement: >-
            {query}
          TableConfigurations:
            COST_AND_USAGE_REPORT: {configuration}
        DestinationConfigurations:
          S3Destination:
            S3Bucket: !Ref Bucket
            S3Prefix: {prefix}
            S3Region: !Ref AWS::Region
            S3OutputConfigurations:
              {{OutputType: CUSTOM, Format: PARQUET, Compression: PARQUET, Overwrite: OVERWRITE_REPORT}}
        RefreshCadence: {{Frequency: SYNCHRONOUS}}
"""


def policy(bucket: str, prefix: str, partition: str = "aws") -> str:
    """The least that a source at `s3://bucket/prefix` needs, as an IAM policy. `prefix` is empty or ends with `/`."""
    arn = f"arn:{partition}:s3:::{bucket}"
    everywhere = {"Effect": "Allow", "Resource": "*"}
    listing: dict[str, Any] = {"Sid": "FindExports", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn}
    if prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [f"{prefix}*"]}}
    return _text(
        {
            "Version": "2012-10-17",
            "Statement": [
                listing,
                {"Sid": "ReadExports", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/{prefix}*"},
                {
                    "Sid": "LetDoctorSeeExports",
                    **everywhere,
                    "Action": [
                        "bcm-data-exports:ListExports",
                        "bcm-data-exports:GetExport",
                        "cur:DescribeReportDefinitions",
                    ],
                },
                {"Sid": "LetReconcileAsk", **everywhere, "Action": "ce:GetCostAndUsage"},
            ],
        }
    )


def export(bucket: str, prefix: str, name: str, region: str) -> str:
    """The definition of the recommended export, for `aws bcm-data-exports create-export --export file://...`."""
    output = {"OutputType": "CUSTOM", "Format": "PARQUET", "Compression": "PARQUET", "Overwrite": "OVERWRITE_REPORT"}
    destination = {
        "S3Bucket": bucket, "S3Prefix": prefix, "S3Region": region, "S3OutputConfigurations": output
    }  # fmt: skip
    return _text(
        {
            "Name": name,
            "DataQuery": {
                "QueryStatement": query(),
                "TableConfigurations": {"COST_AND_USAGE_REPORT": CONFIGURATION},
            },
            "DestinationConfigurations": {"S3Destination": destination},
            "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
        }
    )


def template(bucket: str, prefix: str, name: str) -> str:
    """The same as a CloudFormation template, with the bucket."""
    configuration = "{" + ", ".join(f'{key}: "{value}"' for key, value in CONFIGURATION.items()) + "}"
    return _TEMPLATE.format(
        bucket=bucket, prefix=prefix, name=name, query=_wrapped(query()), configuration=configuration
    )


def query() -> str:
    """The statement of the recommended export: every column that the contract of CUR 2.0 reads, by name."""
    columns = files(__package__).joinpath("export_columns.txt").read_text(encoding="utf-8").split()
    return f"SELECT {', '.join(columns)} FROM COST_AND_USAGE_REPORT"


def _wrapped(statement: str) -> str:
    lines, line = [], ""
    for word in statement.split(" "):
        if len(line) + len(word) > 100:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return ("\n" + " " * 12).join([*lines, line])


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2) + "\n"
