import duckdb

duckdb.sql(
    "COPY (SELECT * REPLACE (TRUE AS BilledCost) FROM read_csv('bill.csv', all_varchar = true)) TO 'bill.parquet'"
)
