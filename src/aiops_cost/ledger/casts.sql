-- How text becomes a value. A cast that fails gives null, and the loader turns "text but no value" into a reject:
-- nothing becomes null in silence.

-- True for a number that may have more than 18 decimals, so that rounding it to the ledger's 18 leaves something.
CREATE OR REPLACE TEMP MACRO many_decimals(t) AS
    contains(t, 'e-') OR contains(t, 'E-') OR (contains(t, '.') AND length(t) - position('.' IN t) > 18);

-- Such a number, with every decimal that 38 digits can hold; null for any other, and beyond 38 digits.
CREATE OR REPLACE TEMP MACRO wide(t) AS
    CASE WHEN many_decimals(t) AND NOT contains(t, '_') THEN TRY_CAST(t AS DECIMAL(38, 30)) END;

-- DuckDB rounds halves away from zero. Where a number lies exactly between two 18th decimals, go to the even one.
CREATE OR REPLACE TEMP MACRO half_even(w) AS CASE
    WHEN abs(w - CAST(CAST(w AS DECIMAL(38, 18)) AS DECIMAL(38, 30))) = 0.0000000000000000005
        AND contains('13579', right(CAST(CAST(w AS DECIMAL(38, 18)) AS VARCHAR), 1))
        THEN CAST(w AS DECIMAL(38, 18)) - CAST(sign(w) AS INTEGER) * 0.000000000000000001
    ELSE CAST(w AS DECIMAL(38, 18)) END;

-- An amount as the ledger keeps it, from its text and `wide` of it. (1_000 is a number to DuckDB, not to a bill.)
CREATE OR REPLACE TEMP MACRO amount(t, w) AS CASE
    WHEN many_decimals(t) THEN half_even(w)
    WHEN NOT contains(t, '_') THEN TRY_CAST(t AS DECIMAL(38, 18)) END;

-- What rounding to 18 decimals leaves over: at most 5E-19, exact.
CREATE OR REPLACE TEMP MACRO remainder_of(w) AS w - CAST(half_even(w) AS DECIMAL(38, 30));

-- True for a double whose shortest decimal text has at most ten decimals and fifteen digits, as most prices do: then
-- the number of ten-billionths is that text, read without writing it.
CREATE OR REPLACE TEMP MACRO short_double(d) AS
    abs(d) < 100000 AND CAST(CAST(round(d * 1e10) AS BIGINT) AS DOUBLE) / 1e10 = d;
CREATE OR REPLACE TEMP MACRO amount_of_short(d) AS
    CAST(CAST(CAST(round(d * 1e10) AS BIGINT) AS DECIMAL(19, 0)) * 0.0000000001 AS DECIMAL(38, 18));

CREATE OR REPLACE TEMP MACRO quantity(t) AS
    CASE WHEN NOT contains(CAST(t AS VARCHAR), '_') THEN TRY_CAST(t AS DECIMAL(38, 9)) END;

-- A moment in UTC, from text or from a timestamp. Years outside 2000 to 2099 are a misread order of day, month, year.
CREATE OR REPLACE TEMP MACRO plausible(t) AS
    CASE WHEN t BETWEEN TIMESTAMP '2000-01-01 00:00:00' AND TIMESTAMP '2099-12-31 23:59:59' THEN t END;
CREATE OR REPLACE TEMP MACRO instant(t) AS plausible(timezone('UTC', TRY_CAST(t AS TIMESTAMPTZ)));
