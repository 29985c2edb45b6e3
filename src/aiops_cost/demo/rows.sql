-- What all clouds have in common: the view `bill`, one row per billed row, with exact amounts.
-- `line` and `charge` are the generator's tables: quantities in millionths, unit prices in 1E-12 USD.
CREATE MACRO plain(number) AS rtrim(rtrim(number::VARCHAR, '0'), '.');
CREATE MACRO price(units) AS (units::DECIMAL(19, 0) * 0.000000000001::DECIMAL(12, 12))::DECIMAL(20, 12);
CREATE MACRO stamp(moment) AS strftime(moment, '%Y-%m-%dT%H:%M:%SZ');

CREATE TABLE bill AS
WITH dated AS (
    SELECT
        * EXCLUDE (quantity, period),
        TIMESTAMP '2025-07-01' + to_hours(slot) AS started,
        (quantity::DECIMAL(18, 0) * 0.000001::DECIMAL(6, 6))::DECIMAL(18, 6) AS quantity,
        nullif(period, '') AS told_period
    FROM charge
)
SELECT
    * EXCLUDE (told_period, at_list, contracted, effective, billed),
    CASE hours WHEN 0 THEN date_trunc('month', started) + INTERVAL 1 MONTH ELSE started + to_hours(hours) END AS ended,
    coalesce(told_period, strftime(started, '%Y-%m')) AS period,
    price(at_list) AS list_price,
    price(contracted) AS contracted_price,
    quantity * price(at_list) AS list_cost,
    quantity * price(contracted) AS contracted_cost,
    quantity * price(effective) AS effective_cost,
    quantity * price(billed) AS billed_cost
FROM dated;

CREATE VIEW delivered AS
SELECT
    line.*,
    bill.* EXCLUDE (line, effective_cost, billed_cost, list_cost, contracted_cost, period),
    period,
    CAST(period || '-01' AS TIMESTAMP) AS period_start,
    CAST(period || '-01' AS TIMESTAMP) + INTERVAL 1 MONTH AS period_end,
    list_cost, contracted_cost, effective_cost, billed_cost,
    terms.id AS commitment_id, terms.name AS commitment_name, terms.category AS commitment_category,
    terms.type AS commitment_type, terms.unit AS commitment_unit,
    CASE
        WHEN status = '' THEN NULL
        WHEN terms.unit = 'USD' THEN effective_cost
        ELSE quantity
    END AS commitment_quantity,
    line.category <> 'Tax' AS priced,
    line.category = 'Usage' AND status <> 'Unused' AND charge_class = '' AS used
FROM bill JOIN line ON line.id = bill.line LEFT JOIN terms ON terms.commitment = line.commitment;
