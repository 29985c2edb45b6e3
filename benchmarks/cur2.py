"""A month of CUR 2.0 as Parquet, made by DuckDB, the same at each run: hourly rows with resource ids.

Each line (account, service, usage type, resource, tags) has a row in 16 hours of each of 31 days, so that 10 million
rows are 625 thousand lines and days. Rows are in the order of their hours, as AWS delivers them. Amounts are doubles of
at most ten decimals, as AWS writes them; tags, product, cost categories and discounts are maps. 12% of the lines are
covered by a Savings Plan, 5% by a reservation.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

HOURS = 31 * 16
SERVICES = (  # code, name, usage type, operation, unit
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "BoxUsage:m6i.{}xlarge", "RunInstances", "Hrs"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "USE1-BoxUsage:g5.{}xlarge", "RunInstances", "Hrs"),
    ("AmazonEC2", "Amazon Elastic Compute Cloud", "EBS:VolumeUsage.gp{}", "CreateVolume-Gp3", "GB-Mo"),
    ("AmazonS3", "Amazon Simple Storage Service", "Requests-Tier{}", "GetObject", "Requests"),
    ("AmazonS3", "Amazon Simple Storage Service", "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo"),
    ("AmazonSageMaker", "Amazon SageMaker", "USE1-Host:ml.g5.{}xlarge", "RunInstance", "Hrs"),
    ("AmazonBedrock", "Amazon Bedrock", "USE1-NovaLite-input-tokens-{}", "InvokeModelInference", "1K tokens"),
    ("AWSLambda", "AWS Lambda", "Lambda-GB-Second", "Invoke", "seconds"),
    ("AmazonRDS", "Amazon Relational Database Service", "InstanceUsage:db.r6g.{}xl", "CreateDBInstance", "Hrs"),
    ("AmazonCloudWatch", "AmazonCloudWatch", "CW:MetricMonitorUsage", "MetricStorage:AWS/EC2", "Metrics"),
)
_SERVICE = "[" + ", ".join(str(row).replace("{}", "' || size || '") for row in SERVICES) + "][1 + line % 10]"
_ROWS = """
COPY (
  SELECT
    md5(CAST(i AS VARCHAR)) || '0123456789abcdefghij' AS identity_line_item_id,
    strftime(hour, '%Y-%m-%dT%H:%M:%SZ') || '/' || strftime(hour + INTERVAL 1 HOUR, '%Y-%m-%dT%H:%M:%SZ')
      AS identity_time_interval,
    'Anniversary' AS bill_bill_type, 'AWS' AS bill_billing_entity, '' AS bill_invoice_id,
    'Amazon Web Services, Inc.' AS bill_invoicing_entity,
    TIMESTAMP '2026-05-01' AS bill_billing_period_start_date, TIMESTAMP '2026-06-01' AS bill_billing_period_end_date,
    '012345678901' AS bill_payer_account_id, 'payer' AS bill_payer_account_name,
    lpad(CAST(line % 40 AS VARCHAR), 12, '2') AS line_item_usage_account_id,
    'account ' || line % 40 AS line_item_usage_account_name, 'USD' AS line_item_currency_code, kind AS
      line_item_line_item_type,
    'Amazon Web Services, Inc.' AS line_item_legal_entity,
    service[4] || ' of ' || service[3] || ' in US East (N. Virginia)' AS line_item_line_item_description,
    service[1] AS line_item_product_code, service[3] AS line_item_usage_type, service[4] AS line_item_operation,
    'us-east-1' || ['a', 'b', 'c'][1 + line % 3] AS line_item_availability_zone,
    if(kind = 'SavingsPlanNegation', '', 'arn:aws:res:us-east-1:2:' || md5(CAST(line AS VARCHAR)))
      AS line_item_resource_id,
    hour AS line_item_usage_start_date, hour + INTERVAL 1 HOUR AS line_item_usage_end_date,
    CAST(1 + line % 7 AS DOUBLE) AS line_item_usage_amount,
    if(kind = 'DiscountedUsage', 0, if(kind = 'SavingsPlanNegation', -cost, cost)) AS line_item_unblended_cost,
    cost AS line_item_blended_cost, CAST(exact * 1.25 AS DOUBLE) AS pricing_public_on_demand_cost,
    CAST(exact * 1.25 AS VARCHAR) AS pricing_public_on_demand_rate, service[5] AS pricing_unit,
    'SKU' || line % 300 || '.JRTC' AS pricing_rate_code, 'OnDemand' AS pricing_term,
    'us-east-1' AS product_region_code, 'US East (N. Virginia)' AS product_location, service[1] AS product_servicecode,
    'SKU' || line % 300 AS product_sku, service[3] AS product_usagetype, 'family' AS product_product_family,
    MAP {{'product_name': service[2], 'region': 'us-east-1', 'servicename': service[2], 'group': 'group'}} AS product,
    MAP {{'user_app': 'service-' || line % 60, 'user_team': 'team-' || line % 12, 'aws_created_by': 'Root:1'}}
      AS resource_tags,
    MAP {{'Unit': 'unit-' || line % 5}} AS cost_category,
    MAP {{'total_discount': 0.0}} AS discount,
    if(kind = 'DiscountedUsage', 'arn:aws:ec2:us-east-1:1:reserved-instances/' || line % 20, '')
      AS reservation_reservation_a_r_n,
    if(kind = 'DiscountedUsage', CAST(exact * 0.6 AS DOUBLE), NULL) AS reservation_effective_cost,
    CAST(NULL AS DOUBLE) AS reservation_unused_recurring_fee,
    CAST(NULL AS DOUBLE) AS reservation_unused_amortized_upfront_fee_for_billing_period,
    if(kind LIKE 'SavingsPlan%', 'arn:aws:savingsplans::1:savingsplan/' || line % 5, '')
      AS savings_plan_savings_plan_a_r_n,
    if(kind = 'SavingsPlanCoveredUsage', CAST(exact * 0.7 AS DOUBLE), NULL) AS savings_plan_savings_plan_effective_cost,
    CAST(NULL AS DOUBLE) AS savings_plan_total_commitment_to_date, CAST(NULL AS DOUBLE) AS savings_plan_used_commitment
  FROM (
    SELECT *, {service} AS service FROM (
      SELECT i, i % lines AS line, i // lines AS slot, CAST(1 + (i % lines) // 10 % 8 AS VARCHAR) AS size,
        TIMESTAMP '2026-05-01' + to_hours(CAST(slot // 16 * 24 + slot % 16 AS INTEGER)) AS hour,
        CAST((1 + (i * 7919) % 99991) * 0.0000123 AS DECIMAL(12, 7)) AS exact, CAST(exact AS DOUBLE) AS cost,
        CASE WHEN line % 100 < 80 THEN 'Usage' WHEN line % 100 < 92 THEN 'SavingsPlanCoveredUsage'
          WHEN line % 100 < 97 THEN 'DiscountedUsage' ELSE 'SavingsPlanNegation' END AS kind
      FROM range({rows}) t(i), (SELECT {rows} // {hours} AS lines)
    )
  )
) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 122880)"""

BARE = """
COPY (
  SELECT CAST(line_item_usage_start_date AS DATE) AS day, bill_payer_account_id, bill_payer_account_name,
    bill_invoice_id, bill_invoicing_entity, bill_billing_period_start_date, line_item_usage_account_id,
    line_item_usage_account_name, line_item_currency_code, line_item_line_item_type, line_item_legal_entity,
    line_item_line_item_description, line_item_product_code, line_item_usage_type, line_item_operation,
    line_item_availability_zone, line_item_resource_id, pricing_unit, pricing_rate_code, product_region_code,
    product_location, product_sku, {product}, resource_tags, cost_category,
    reservation_reservation_a_r_n, savings_plan_savings_plan_a_r_n,
    sum(line_item_unblended_cost) AS unblended, sum(pricing_public_on_demand_cost) AS listed,
    sum(reservation_effective_cost) AS reserved, sum(savings_plan_savings_plan_effective_cost) AS planned,
    sum(savings_plan_total_commitment_to_date) AS committed, sum(savings_plan_used_commitment) AS used,
    sum(reservation_unused_recurring_fee) AS unused,
    sum(reservation_unused_amortized_upfront_fee_for_billing_period) AS unused_upfront,
    sum(line_item_usage_amount) AS amount, count(*) AS n
  FROM read_parquet('{path}') GROUP BY ALL
) TO '{out}' (FORMAT parquet)"""
"""A bare group-by of the same columns: those that the ledger keeps as they are or makes something of, and sums of the
nine figures that it reads. No casts, no exact sums, no proof, no line ids, no Delta commit."""
KEYS = "product['product_name'] AS product_name, product['region'] AS product_region"
WHOLE = "product"
"""Two fair readings of "the same": the keys of the map `product` that the ledger keeps (less work, so the aim is judged
by it), or the column as it is."""


def generate(path: Path, rows: int) -> None:
    """Write `rows` rows of CUR 2.0 to `path`."""
    with duckdb.connect(config={"preserve_insertion_order": "true"}) as con:
        con.execute(_ROWS.format(rows=rows, hours=HOURS, path=path, service=_SERVICE))


def bare(path: Path, out: Path, product: str = KEYS) -> None:
    """The bare group-by, to Parquet."""
    with duckdb.connect(config={"memory_limit": "2GB"}) as con:
        con.execute(BARE.format(path=path, out=out, product=product))
