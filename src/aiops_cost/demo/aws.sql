-- AWS FOCUS 1.2: SkuMeter is the usage type, and x_ServiceCode and x_Operation are all that is left of the native bill.
SELECT
    CASE WHEN resource_type IN ('Instance', 'Volume') THEN region || 'a' END AS AvailabilityZone,
    plain(billed_cost) AS BilledCost,
    payer AS BillingAccountId,
    payer_name AS BillingAccountName,
    'Management Account' AS BillingAccountType,
    'USD' AS BillingCurrency,
    stamp(period_end) AS BillingPeriodEnd,
    stamp(period_start) AS BillingPeriodStart,
    NULL AS CapacityReservationId,
    NULL AS CapacityReservationStatus,
    category AS ChargeCategory,
    nullif(charge_class, '') AS ChargeClass,
    description AS ChargeDescription,
    frequency AS ChargeFrequency,
    stamp(ended) AS ChargePeriodEnd,
    stamp(started) AS ChargePeriodStart,
    commitment_category AS CommitmentDiscountCategory,
    commitment_id AS CommitmentDiscountId,
    commitment_name AS CommitmentDiscountName,
    plain(commitment_quantity) AS CommitmentDiscountQuantity,
    nullif(status, '') AS CommitmentDiscountStatus,
    commitment_type AS CommitmentDiscountType,
    CASE WHEN status <> '' THEN commitment_unit END AS CommitmentDiscountUnit,
    CASE WHEN used THEN plain(quantity) END AS ConsumedQuantity,
    CASE WHEN used THEN nullif(consumed, '') END AS ConsumedUnit,
    plain(contracted_cost) AS ContractedCost,
    CASE WHEN priced THEN plain(contracted_price) END AS ContractedUnitPrice,
    plain(effective_cost) AS EffectiveCost,
    CASE WHEN period < $open THEN '20' || replace(period, '-', '') || '71' END AS InvoiceId,
    'Amazon Web Services, Inc.' AS InvoiceIssuerName,
    plain(list_cost) AS ListCost,
    CASE WHEN priced THEN plain(list_price) END AS ListUnitPrice,
    nullif(pricing, '') AS PricingCategory,
    'USD' AS PricingCurrency,
    CASE WHEN priced THEN plain(contracted_price) END AS PricingCurrencyContractedUnitPrice,
    plain(effective_cost) AS PricingCurrencyEffectiveCost,
    CASE WHEN priced THEN plain(list_price) END AS PricingCurrencyListUnitPrice,
    CASE WHEN priced THEN plain(quantity) END AS PricingQuantity,
    CASE WHEN priced THEN unit END AS PricingUnit,
    'AWS' AS ProviderName,
    publisher AS PublisherName,
    nullif(region, '') AS RegionId,
    nullif(region_name, '') AS RegionName,
    nullif(resource_id, '') AS ResourceId,
    nullif(resource_name, '') AS ResourceName,
    nullif(resource_type, '') AS ResourceType,
    service_category AS ServiceCategory,
    service AS ServiceName,
    CASE CASE resource_type WHEN 'Volume' THEN resource_type ELSE service_category END
        WHEN 'Volume' THEN 'Block Storage'
        WHEN 'AI and Machine Learning' THEN 'Generative AI'
        WHEN 'Compute' THEN 'Virtual Machines'
        WHEN 'Storage' THEN 'Object Storage'
        WHEN 'Databases' THEN 'Relational Databases'
        WHEN 'Networking' THEN 'Application Networking'
        WHEN 'Management and Governance' THEN 'Observability'
        ELSE 'Other (Other)'
    END AS ServiceSubcategory,
    sku_id AS SkuId,
    nullif(meter, '') AS SkuMeter,
    CASE WHEN instance <> '' THEN json_object('InstanceType', instance)::VARCHAR END AS SkuPriceDetails,
    sku_id || '.JRTCKXETXF.6YS6EN2CT7' AS SkuPriceId,
    account AS SubAccountId,
    account_name AS SubAccountName,
    'Member Account' AS SubAccountType,
    nullif(tags, '') AS Tags,
    NULL AS x_Discounts,
    nullif(operation, '') AS x_Operation,
    nullif(service_code, '') AS x_ServiceCode
FROM delivered
WHERE source = 'aws-prod' AND period = $period
ORDER BY started, id
