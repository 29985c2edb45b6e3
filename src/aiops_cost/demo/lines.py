"""Who a billed line is: resource ids, meters, SKU ids, tags, in each cloud's own grammar, and what it is for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiops_cost.demo.blueprint import Blueprint, Feed, Line, Part, Sku


@dataclass(frozen=True)
class BillLine:
    """One line of the bill: everything about its rows but the day and the amounts, and the truth about it.

    `status` is Used or Unused for what a commitment touches; `activity`, `component`, `workload` and `model`
    are the truth and reach no bill.
    """

    source: str
    payer: str
    payer_name: str
    account: str
    account_name: str
    region: str
    region_name: str
    place: str
    service: str
    service_code: str
    service_category: str
    meter: str
    operation: str
    meter_category: str
    meter_subcategory: str
    instance: str
    publisher: str
    unit: str
    consumed: str
    size: int
    sku_id: str
    resource_id: str
    resource_name: str
    resource_type: str
    tags: str
    category: str
    charge_class: str
    frequency: str
    pricing: str
    description: str
    commitment: str
    status: str
    activity: str
    component: str
    workload: str
    model: str

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What truth.json keys a line by: source, ResourceId, SkuId, ServiceName, ChargeCategory."""
        return (self.source, self.resource_id, self.sku_id, self.service, self.category)


def usage_line(plan: Blueprint, line: Line, part: Part, name: str, run: str | None = None) -> BillLine:
    """The line of one resource of a part; `run` is the id of a training run."""
    sku, feed, account = plan.skus[part.sku], plan.feed(line.account), plan.accounts[line.account]
    region = plan.regions[account.region]
    meter = expand(sku.meter, region)
    ids = plan.resources[sku.resource]
    resource = ids["id"].format(region=account.region, account=account.id, name=name, **_hashes(name))
    return BillLine(
        source=feed.name,
        payer=feed.payer,
        payer_name=feed.payer_name,
        account=account.id,
        account_name=account.name,
        region=account.region,
        region_name=region["name"],
        place=region["prefix"],
        service=sku.service,
        service_code=sku.code,
        service_category=sku.category,
        meter=meter,
        operation=sku.operation,
        meter_category=sku.meter_category,
        meter_subcategory=sku.meter_subcategory,
        instance=sku.instance,
        publisher=sku.publisher,
        unit=sku.unit,
        consumed=sku.consumed,
        size=sku.size,
        sku_id=sku_id(feed.cloud, meter + sku.operation + sku.service + account.region),
        resource_id=resource,
        resource_name=name,
        resource_type=ids["type"],
        tags=_tags(plan, line, part, name, run),
        category="Usage",
        charge_class="",
        frequency="Usage-Based",
        pricing="Committed" if part.commitment else "Standard",
        description=_description(feed, sku, meter, region["prefix"], account.region),
        commitment=part.commitment,
        status="Used" if part.commitment else "",
        activity=part.activity or (line.activity if line.activity == "other" else sku.activity),
        component=part.component or sku.component,
        workload=line.workload,
        model=sku.model,
    )


def resource_name(part: Part, index: int) -> str:
    """`name` for one resource, `name-01` for several; storage accounts allow no hyphen."""
    if part.split == 1:
        return part.name
    hyphen = "" if part.sku == "blob-hot" else "-"
    return f"{part.name}{hyphen}{index + 1:02d}"


def expand(meter: str, region: Mapping[str, str]) -> str:
    """The meter with the region in it, as that service spells regions."""
    prefix = region["prefix"]
    return meter.format(R=f"{prefix}-", M=prefix, r=region.get("bare", ""), P=prefix)


def sku_id(cloud: str, text: str) -> str:
    """An id of the provider's form: AWS 16 letters and digits, Azure a number, GCP three groups of four."""
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
    if cloud == "aws":
        return digest[:16]
    if cloud == "azure":
        return str(1_000_000 + int(digest[:8], 16) % 900_000_000)
    return "-".join((digest[:4], digest[4:8], digest[8:12]))


def _hashes(name: str) -> dict[str, str]:
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return {"hash12": digest[:12], "hash16": digest[:16], "hash17": digest[:17]}


def _tags(plan: Blueprint, line: Line, part: Part, name: str, run: str | None) -> str:
    """The tags as JSON text; an accelerator that nobody tagged has none."""
    if line.scope == "unattributed":
        return ""
    keys = plan.feed(line.account).keys
    said = {"workload": line.workload, "owner": line.owner, "environment": "prod", "run": run or ""}
    tags = {keys[key]: value for key, value in said.items() if value}
    tags |= {keys.get(key, key): value for key, value in (part.tags or {}).items()}
    return json.dumps(tags | dict(plan.hostile.get(name, {})), ensure_ascii=False)


def _description(feed: Feed, sku: Sku, meter: str, place: str, region: str) -> str:
    if feed.cloud == "aws":
        return f"${sku.price} per {sku.unit} of {meter} in {region}"
    if feed.cloud == "azure":
        return f"{sku.meter_subcategory} - {meter} - {place}"
    return meter
