-- One row of a Cost and Usage Report as the ledger's rows. `raw` has every column of cur.yaml, typed; so has `bill`.
-- Most rows become one row. A commitment's fee becomes the purchase, and the part of the commitment that nobody used.
-- A container's share of its machine (split cost allocation) becomes the container's cost, and the same amount taken
-- off the machine, so that the machine and its containers together cost what the machine costs.
WITH line AS (
    SELECT
        raw.*,
        -- The plan's hours of the rest of the month are written in advance, and nothing of them is used yet.
        CASE LineItemType
            WHEN 'SavingsPlanRecurringFee' THEN CASE
                WHEN ChargePeriodStart > (
                    SELECT max(ChargePeriodStart) FROM bill
                    WHERE LineItemType IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
                ) THEN 0
                -- There is no net form of the commitment: it is scaled as its two parts are, in ten-billionths.
                WHEN BilledCost_rather AND coalesce(UpfrontCommitment, 0) + coalesce(RecurringCommitment, 0) <> 0
                THEN CAST(
                    CAST((TotalCommitment - UsedCommitment) * 10000000000 AS HUGEINT)
                    * CAST((coalesce(NetUpfrontCommitment, UpfrontCommitment, 0)
                        + coalesce(NetRecurringCommitment, RecurringCommitment, 0)) * 10000000000 AS HUGEINT)
                    // CAST((coalesce(UpfrontCommitment, 0) + coalesce(RecurringCommitment, 0)) * 10000000000 AS HUGEINT)
                    AS DECIMAL(28, 0)) * 0.0000000001
                ELSE TotalCommitment - UsedCommitment END
            WHEN 'RIFee' THEN
                coalesce(if(BilledCost_rather, NetUnusedUpfrontFee, NULL), UnusedUpfrontFee, 0)
                + coalesce(if(BilledCost_rather, NetUnusedRecurringFee, NULL), UnusedRecurringFee, 0)
            END AS unused,
        -- Containers on machines have rows without a cost of their own; Fargate's carry their own cost, and stay.
        CASE WHEN SplitParentId IS NOT NULL AND BilledCost = 0 THEN
            coalesce(if(BilledCost_rather, NetSplitCost, NULL), SplitCost, 0)
            + coalesce(if(BilledCost_rather, NetSplitUnusedCost, NULL), SplitUnusedCost, 0)
            END AS share
    FROM raw
),
-- The machine that a share is taken off, as its costliest line describes it.
machine AS (
    SELECT ResourceId AS id, arg_max(struct_pack(
        ProductCode, ProductName, UsageType, Operation, InstanceType, Tags, CostCategories, PricingUnit),
        (coalesce(PublicOnDemandCost, BilledCost), UsageType, x_group)) AS its
    FROM bill
    WHERE LineItemType IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') AND SplitParentId IS NULL
        AND ResourceId IN (SELECT SplitParentId FROM bill WHERE SplitParentId IS NOT NULL)
    GROUP BY ResourceId
),
part AS (
    SELECT
        line.* REPLACE (
            if(role = 'machine', SplitParentId, ResourceId) AS ResourceId,
            if(role = 'machine', its.ProductCode, line.ProductCode) AS ProductCode,
            if(role = 'machine', its.ProductName, line.ProductName) AS ProductName,
            if(role = 'machine', its.UsageType, line.UsageType) AS UsageType,
            if(role = 'machine', its.Operation, line.Operation) AS Operation,
            if(role = 'machine', its.InstanceType, line.InstanceType) AS InstanceType,
            if(role = 'machine', its.Tags, line.Tags) AS Tags,
            if(role = 'machine', its.CostCategories, line.CostCategories) AS CostCategories,
            if(role = 'machine', 'Cost given to its containers (split cost allocation)', ChargeDescription)
                AS ChargeDescription
        ),
        role,
        CASE
            WHEN role = 'unused' OR LineItemType IN
                ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation') THEN 'Usage'
            WHEN LineItemType IN ('RIFee', 'SavingsPlanRecurringFee', 'SavingsPlanUpfrontFee', 'Fee') THEN 'Purchase'
            WHEN LineItemType IN ('Tax', 'Credit') THEN LineItemType
            WHEN LineItemType = 'Refund' AND coalesce(SavingsPlanArn, ReservationArn) IS NOT NULL THEN 'Purchase'
            ELSE 'Adjustment' END AS category,
        CASE
            WHEN role = 'unused' THEN 'Unused'
            WHEN LineItemType IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Used' END AS status
    FROM (
        SELECT *, unnest(CASE
            WHEN unused <> 0 THEN ['fee', 'unused']
            WHEN share IS NOT NULL THEN ['container', 'machine']
            ELSE ['row'] END) AS role
        FROM line
    ) AS line
    LEFT JOIN machine ON role = 'machine' AND machine.id = SplitParentId
)
SELECT
    ChargePeriodStart,
    ChargePeriodEnd,
    BillingPeriodStart,
    BillingPeriodEnd,
    InvoiceId,
    BillingCurrency,
    if(role IN ('unused', 'machine'), 0, BilledCost) AS BilledCost,
    CASE
        WHEN role = 'unused' THEN unused
        WHEN role = 'container' THEN share
        WHEN role = 'machine' THEN -share
        WHEN LineItemType = 'SavingsPlanCoveredUsage'
        THEN coalesce(if(BilledCost_rather, NetSavingsPlanEffectiveCost, NULL), SavingsPlanEffectiveCost)
        WHEN LineItemType = 'DiscountedUsage'
        THEN coalesce(if(BilledCost_rather, NetReservationEffectiveCost, NULL), ReservationEffectiveCost)
        WHEN LineItemType IN ('SavingsPlanNegation', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee', 'RIFee') THEN 0
        -- What buys a commitment is spread over the use that it covers; so is what is paid back for one.
        WHEN LineItemType IN ('Fee', 'Refund') AND coalesce(ReservationArn, SavingsPlanArn) IS NOT NULL THEN 0
        ELSE BilledCost END AS EffectiveCost,
    CASE
        WHEN role IN ('container', 'machine') OR LineItemType = 'SavingsPlanNegation' THEN 0
        WHEN role = 'unused' OR PublicOnDemandCost IS NULL AND (status IS NOT NULL OR PublicOnDemandCost_given) THEN NULL
        WHEN category = 'Usage' THEN coalesce(PublicOnDemandCost, BilledCost)
        ELSE BilledCost END AS ListCost,
    CASE
        WHEN role IN ('container', 'machine') OR LineItemType = 'SavingsPlanNegation' THEN 0
        WHEN role = 'unused' THEN NULL
        WHEN LineItemType = 'DiscountedUsage' THEN PublicOnDemandCost
        ELSE BilledCost END AS ContractedCost,
    CASE
        WHEN role IN ('unused', 'container', 'machine') OR LineItemType = 'SavingsPlanNegation' THEN NULL
        WHEN category IN ('Usage', 'Purchase') THEN UsageAmount END AS PricingQuantity,
    CASE
        WHEN role = 'row' AND category = 'Usage' AND LineItemType <> 'SavingsPlanNegation' THEN UsageAmount
        END AS ConsumedQuantity,
    CASE
        WHEN role = 'unused' THEN CAST(if(LineItemType = 'RIFee', UnusedQuantity, unused) AS DECIMAL(38, 9))
        WHEN LineItemType = 'SavingsPlanCoveredUsage' THEN CAST(SavingsPlanEffectiveCost AS DECIMAL(38, 9))
        WHEN LineItemType = 'DiscountedUsage' THEN UsageAmount END AS CommitmentDiscountQuantity,
    'AWS' AS ProviderName,
    coalesce(LegalEntity, 'AWS') AS PublisherName,
    coalesce(InvoicingEntity, LegalEntity, 'AWS') AS InvoiceIssuerName,
    BillingAccountId,
    BillingAccountName,
    SubAccountId,
    SubAccountName,
    coalesce(services.ServiceCategory,
        if(ProductName LIKE '%(Amazon Bedrock Edition)%', 'AI and Machine Learning', 'Other')) AS ServiceCategory,
    coalesce(ProductName, services.ServiceName, ProductCode) AS ServiceName,
    coalesce(RegionCode, Region, FromRegionCode) AS RegionId,
    Location AS RegionName,
    AvailabilityZone,
    ResourceId,
    category AS ChargeCategory,
    CASE WHEN LineItemType = 'Refund' THEN 'Correction' END AS ChargeClass,
    ChargeDescription,
    CASE
        WHEN category = 'Usage' THEN 'Usage-Based'
        WHEN LineItemType IN ('RIFee', 'SavingsPlanRecurringFee') OR ProductCode LIKE '%Support%' THEN 'Recurring'
        ELSE 'One-Time' END AS ChargeFrequency,
    CASE
        WHEN status IS NOT NULL THEN 'Committed'
        WHEN category NOT IN ('Usage', 'Purchase') THEN NULL
        WHEN UsageType LIKE '%SpotUsage%' THEN 'Dynamic'
        ELSE 'Standard' END AS PricingCategory,
    if(category IN ('Usage', 'Purchase') AND role IN ('row', 'fee'), PricingUnit, NULL) AS PricingUnit,
    if(category = 'Usage' AND role = 'row', PricingUnit, NULL) AS ConsumedUnit,
    SkuId,
    SkuPriceId,
    UsageType AS SkuMeter,
    if(SavingsPlanArn IS NOT NULL, 'Spend', if(ReservationArn IS NOT NULL, 'Usage', NULL)) AS CommitmentDiscountCategory,
    coalesce(SavingsPlanArn, ReservationArn) AS CommitmentDiscountId,
    status AS CommitmentDiscountStatus,
    CASE
        WHEN SavingsPlanArn IS NOT NULL THEN coalesce(SavingsPlanType, 'Savings Plan')
        WHEN ReservationArn IS NOT NULL THEN 'Reserved Instance' END AS CommitmentDiscountType,
    if(status IS NULL, NULL, if(SavingsPlanArn IS NOT NULL, BillingCurrency, PricingUnit)) AS CommitmentDiscountUnit,
    CapacityReservationId,
    CASE
        WHEN CapacityReservationStatus IN ('Used', 'Unused') THEN CapacityReservationStatus
        END AS CapacityReservationStatus,
    nullif(Tags, '{}') AS Tags,
    ProductCode AS x_ServiceCode,
    UsageType AS x_UsageType,
    Operation AS x_Operation,
    InstanceType AS x_InstanceType,
    nullif(CostCategories, '{}') AS x_CostCategories,
    LineItemType AS x_ChargeType,
    -- arn:aws:sts::1:assumed-role/chat-api/session and arn:aws:iam::1:role/path/chat-api: the role, and no session. A
    -- user is a person, or a key made for one, and is left out.
    nullif(regexp_extract(IamPrincipal, ':(?:assumed-role/|role/(?:.*/)?)([^/]+)', 1), '') AS x_IamRole,
    if(role IN ('unused', 'machine'), 0, x_rows) AS x_RowCount,
    x_group
FROM part
LEFT JOIN services ON services.Code = part.ProductCode
