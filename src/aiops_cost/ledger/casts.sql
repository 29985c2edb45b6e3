-- How text becomes a value. A cast that fails gives null, and the loader turns "text but no value" into a reject:
-- nothing becomes null in silence.

-- True for a number that may have more than 18 decimals, so that rounding it to the ledger's 18 leaves something.
CREATE OR REPLACE TEMP MACRO many_decimals(t) AS
    contains(t, 'e-') OR contains(t, 'E-') OR (contains(t, '.') AND length(t) - position('.' IN t) > 18);

-- A number with an exponent, written out: 1.5e-20 becomes 0.000000000000000000015. Null for what is none.
CREATE OR REPLACE TEMP MACRO moved(minus, whole, fraction, point) AS minus || CASE
    WHEN point NOT BETWEEN -400 AND 400 THEN NULL
    WHEN point <= 0 THEN '0.' || repeat('0', -point) || whole || fraction
    WHEN point >= length(whole || fraction) THEN whole || fraction || repeat('0', point - length(whole || fraction))
    ELSE left(whole || fraction, point) || '.' || substr(whole || fraction, point + 1) END;
CREATE OR REPLACE TEMP MACRO written_out(t) AS
    CASE WHEN regexp_full_match(t, '[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)[eE][-+]?[0-9]{1,3}') THEN moved(
        CASE WHEN starts_with(t, '-') THEN '-' ELSE '' END,
        regexp_extract(t, '^[-+]?([0-9]*)', 1),
        regexp_extract(t, '^[-+]?[0-9]*[.]?([0-9]*)', 1),
        length(regexp_extract(t, '^[-+]?([0-9]*)', 1)) + CAST(regexp_extract(t, '[eE](.*)$', 1) AS INTEGER)) END;

-- The text of such a number, without exponent; null for any other.
CREATE OR REPLACE TEMP MACRO wide(t) AS CASE
    WHEN NOT many_decimals(t) OR contains(t, '_') THEN NULL
    WHEN contains(lower(t), 'e') THEN written_out(trim(t))
    ELSE trim(t) END;

-- Its first 18 decimals, and the digits after them. Together they are the number, however many digits it has.
CREATE OR REPLACE TEMP MACRO head_of(w) AS
    CASE WHEN position('.' IN w) = 0 THEN w ELSE left(w, position('.' IN w) + 18) END;
CREATE OR REPLACE TEMP MACRO tail_of(w) AS
    CASE WHEN position('.' IN w) = 0 THEN '' ELSE rtrim(substr(w, position('.' IN w) + 19), '0') END;

-- Half-even: up when the rest is more than half of the 18th decimal, or is half of it and the 18th decimal is odd.
CREATE OR REPLACE TEMP MACRO step(w) AS CASE
    WHEN tail_of(w) > '5' OR (tail_of(w) = '5' AND contains('13579', right(head_of(w), 1)))
    THEN CASE WHEN starts_with(w, '-') THEN -1 ELSE 1 END ELSE 0 END;
CREATE OR REPLACE TEMP MACRO half_even(w) AS
    CASE WHEN regexp_full_match(tail_of(w), '[0-9]*') AND abs(TRY_CAST(head_of(w) AS DECIMAL(38, 18))) < 99999999999999999999
        THEN CAST(TRY_CAST(head_of(w) AS DECIMAL(38, 18)) + step(w) * 0.000000000000000001 AS DECIMAL(38, 18)) END;

-- An amount as the ledger keeps it, from its text and `wide` of it. (1_000 is a number to DuckDB, not to a bill.)
CREATE OR REPLACE TEMP MACRO amount(t, w) AS CASE
    WHEN w IS NOT NULL THEN half_even(w)
    WHEN NOT many_decimals(t) AND NOT contains(t, '_') THEN TRY_CAST(t AS DECIMAL(38, 18)) END;

-- What rounding to 18 decimals leaves over: at most 5E-19, exact to the 38th decimal; null where nothing was rounded.
CREATE OR REPLACE TEMP MACRO remainder_of(w) AS CASE
    WHEN half_even(w) IS NOT NULL THEN CAST(
        TRY_CAST(CASE WHEN starts_with(w, '-') THEN '-' ELSE '' END || '0.000000000000000000' || tail_of(w)
            AS DECIMAL(38, 38)) - CAST(step(w) * 0.000000000000000001 AS DECIMAL(38, 38)) AS DECIMAL(38, 38)) END;

-- True for a double whose shortest decimal text has at most ten decimals and fifteen digits, as most prices do: then
-- the number of ten-billionths is that text, read without writing it.
CREATE OR REPLACE TEMP MACRO short_double(d) AS
    abs(d) < 100000 AND CAST(TRY_CAST(round(d * 1e10) AS BIGINT) AS DOUBLE) / 1e10 = d;
CREATE OR REPLACE TEMP MACRO amount_of_short(d) AS
    CAST(CAST(TRY_CAST(round(d * 1e10) AS BIGINT) AS DECIMAL(19, 0)) * 0.0000000001 AS DECIMAL(38, 18));

CREATE OR REPLACE TEMP MACRO quantity(t) AS
    CASE WHEN NOT contains(CAST(t AS VARCHAR), '_') THEN TRY_CAST(t AS DECIMAL(38, 9)) END;

-- A moment in UTC, from text or from a timestamp. Years outside 2000 to 2099 are a misread order of day, month, year.
CREATE OR REPLACE TEMP MACRO plausible(t) AS
    CASE WHEN t BETWEEN TIMESTAMP '2000-01-01 00:00:00' AND TIMESTAMP '2099-12-31 23:59:59' THEN t END;
CREATE OR REPLACE TEMP MACRO instant(t) AS plausible(timezone('UTC', TRY_CAST(t AS TIMESTAMPTZ)));
