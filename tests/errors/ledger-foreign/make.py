import duckdb
from deltalake import write_deltalake

write_deltalake("ledger/lines", duckdb.sql("SELECT 1 AS a"))
