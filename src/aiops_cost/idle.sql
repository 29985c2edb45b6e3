-- Every day's cost of serving capacity that is paid by the hour, per resource, and how much of it was used.
-- {spend} is the view to ask, {where} a condition on it; {hourly} and {traffic} are lists of components.
-- The rows are read once: capacity, and the traffic that names the resource it came to.
served AS MATERIALIZED (
    SELECT
        ChargePeriodStart AS day, x_Workload AS workload, x_Component AS component, SubAccountId AS account,
        coalesce(ResourceId, ResourceName) AS resource, x_Component IN ({hourly}) AS hourly,
        x_Activity = 'serving' AND ({where}) AS wanted, any_value(coalesce(ResourceName, ResourceId)) AS name,
        any_value(coalesce(SubAccountName, SubAccountId)) AS account_name, max(x_Owner) AS owner, sum(Cost) AS cost,
        bool_or(coalesce(ConsumedQuantity, PricingQuantity, Cost) > 0) AS came
    FROM {spend}
    WHERE x_Component IN ({hourly}, {traffic})
    GROUP BY day, workload, component, account, resource, wanted
),
paid AS (
    SELECT * EXCLUDE (hourly, wanted, came) FROM served WHERE hourly AND wanted AND cost > 0
),
called AS (
    SELECT DISTINCT day, account, resource FROM served WHERE NOT hourly AND came AND resource IS NOT NULL
),
seen AS (
    SELECT account, resource, min(day) AS first, max(day) AS last FROM called GROUP BY account, resource
),
-- A bill that names traffic now and then only (once a month, say) does not tell on which days there was none: traffic
-- must have come on at least half of the days that were paid for, in the four weeks up to the last day it came.
tells AS (
    SELECT seen.account, seen.resource, seen.first
    FROM (SELECT DISTINCT day, account, resource FROM paid) AS days
    JOIN seen ON seen.resource = days.resource AND seen.account IS NOT DISTINCT FROM days.account
    LEFT JOIN called ON called.resource = days.resource AND called.account IS NOT DISTINCT FROM days.account
        AND called.day = days.day
    WHERE days.day BETWEEN seen.last - 27 AND seen.last
    GROUP BY seen.account, seen.resource, seen.first
    HAVING 2 * count(called.day) >= count(*)
),
asked AS (
    SELECT day, workload, max(value) AS most
    FROM metrics
    WHERE name IN ('requests', 'tokens', 'input_tokens', 'output_tokens')
      AND coalesce(activity, 'serving') = 'serving' AND workload IS NOT NULL
    GROUP BY day, workload
),
busy AS (
    SELECT day, workload, CAST(least(avg(value), 100) AS DECIMAL(7, 4)) AS percent
    FROM metrics
    WHERE name = 'utilization_percent' AND coalesce(activity, 'serving') = 'serving' AND workload IS NOT NULL
    GROUP BY day, workload
),
-- `percent` is how much of it was used, `known` by what; null where nothing tells.
hosted AS (
    SELECT
        paid.*,
        CASE
            WHEN tells.resource IS NOT NULL AND called.day IS NULL THEN 0
            WHEN busy.percent IS NOT NULL THEN busy.percent
            WHEN called.day IS NOT NULL OR asked.most > 0 THEN 100
            WHEN asked.most = 0 THEN 0
        END AS percent,
        CASE
            WHEN tells.resource IS NOT NULL AND called.day IS NULL THEN 'bill'
            WHEN busy.percent IS NOT NULL THEN 'utilization'
            WHEN called.day IS NOT NULL THEN 'bill'
            WHEN asked.most IS NOT NULL THEN 'requests'
        END AS known
    FROM paid
    LEFT JOIN called ON called.resource = paid.resource AND called.account IS NOT DISTINCT FROM paid.account
        AND called.day = paid.day
    LEFT JOIN tells ON tells.resource = paid.resource AND tells.account IS NOT DISTINCT FROM paid.account
        AND paid.day >= tells.first
    LEFT JOIN asked ON asked.workload = paid.workload AND asked.day = paid.day
    LEFT JOIN busy ON busy.workload = paid.workload AND busy.day = paid.day
)
