"""Looks after one AWS source: who asks, what that one may do, which exports there are, how fresh and whole they are.

Reads only, and asks nothing that costs money. `papers` prints what to hand to an administrator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from aiops_cost.errors import AiopsError
from aiops_cost.model import Diagnosis, Errand, Source
from aiops_cost.providers.aws import bucket, delivery, papers
from aiops_cost.providers.aws.account import HOME, Account
from aiops_cost.providers.aws.exports import Found, data_exports, reports
from aiops_cost.providers.aws.manifests import Place, Stored
from aiops_cost.providers.aws.tree import Tree

NAME = "aiops-cost"


def examine(source: Source, base: Path, errand: Errand) -> Iterator[Diagnosis]:
    """Everything that can be tried without changing or paying anything, in the order in which a pull needs it."""
    if not source.location.startswith("s3://"):
        yield from _folder(source, base, errand)
        return
    account = Account(source)
    who = _asked(source, "identity", account.whoami)
    yield who
    if who.state != "ok":
        return
    name, prefix = bucket.at(source)
    store = bucket.Bucket(account, name)
    yield from _deliveries(store, prefix, source, errand, lambda file: _readable(store, file))
    yield from _exports(account, name, prefix)
    yield Diagnosis(source.name, "ce:GetCostAndUsage", "unknown",
                    "not tried: each call costs 0.01 USD; only pull --reconcile needs it")  # fmt: skip
    yield Diagnosis(source.name, "policy", "ok", "the least that this source needs stands below",
                    paste=f"# An IAM policy for {source.name}; alone:  aiops-cost doctor {source.name} --print policy\n"
                    f"{written(source)['policy']}")  # fmt: skip


def written(source: Source) -> Mapping[str, str]:
    """Name -> text of what an administrator needs: `policy`, `export`, `template`."""
    if not source.location.startswith("s3://"):
        return {}
    name, prefix = bucket.at(source)
    above, _, export = prefix.rstrip("/").rpartition("/")
    export, above = export or NAME, above or "exports"
    region = source.settings.get("region", HOME)
    return {
        "policy": papers.policy(name, prefix, Account(source).partition),
        "export": papers.export(name, above, export, region),
        "template": papers.template(name, above, export),
    }


def _folder(source: Source, base: Path, errand: Errand) -> Iterator[Diagnosis]:
    root = base / source.location
    if not root.is_dir():
        yield Diagnosis(source.name, "folder", "note", f"{source.location} is no folder; read as a file or a pattern")
        return
    tree = Tree(root, source.location)
    if not delivery.find(tree, "", source):
        yield Diagnosis(source.name, "manifests", "note", "none; every table below the folder is read")
        return
    yield from _deliveries(tree, "", source, errand, lambda file: str(tree.path(file.key).stat().st_size))


def _deliveries(
    store: delivery.Store, start: str, source: Source, errand: Errand, readable: Callable[[Stored], str]
) -> Iterator[Diagnosis]:
    """What lies at the location: one export, fresh, whole, readable."""
    places: Sequence[Place] = ()

    def find() -> str:
        nonlocal places
        found = delivery.find(store, start, source)
        if not found:
            raise delivery.nothing(store, source, start)
        places = delivery.chosen(found, store, source)
        return f"{places[0].name}: {places[0].kind}, {places[0].period}..{places[-1].period}"

    yield _asked(source, "s3:ListBucket" if isinstance(store, bucket.Bucket) else "manifests", find)
    if not places:
        return
    yield _freshness(source, places, errand)
    whole: Sequence[delivery.Delivery] = ()

    def read() -> str:
        nonlocal whole
        whole = delivery.current(store, places, source, {}, errand)
        files = [file for one in whole for file in one.files]
        return f"{len(files)} files, {bucket.human(sum(file.size for file in files))}, all there"

    yield _asked(source, "deliveries", read)
    newest = [file for one in whole[-1:] for file in one.files if file.size]
    if newest:
        what = "s3:GetObject" if isinstance(store, bucket.Bucket) else "reading"
        yield _asked(source, what, lambda: f"may read {store.shown(newest[0].key)}" if readable(newest[0]) else "")


def _readable(store: bucket.Bucket, file: Stored) -> str:
    """Ask for one byte: permission, key and archive all show themselves."""
    with store.account.asking("s3:GetObject", f"{store.arn}/{file.key}"):
        answer = store.client.get_object(Bucket=store.name, Key=file.key, Range="bytes=0-0")
    return str(answer["ETag"])


def _freshness(source: Source, places: Sequence[Place], errand: Errand) -> Diagnosis:
    newest = max(place.stored.modified for place in places)
    says = f"last delivered {newest:%Y-%m-%d %H:%M} UTC"
    old = errand.now is not None and (errand.now - newest).days > source.max_age
    if not old:
        return Diagnosis(source.name, "freshness", "ok", says)
    return Diagnosis(source.name, "freshness", "wrong", f"{says}, more than {source.max_age} days ago",
                     "AWS delivers at least once a day. See whether the export is still healthy and its bucket policy"
                     " lets AWS write.", exit_code=3)  # fmt: skip


def _exports(account: Account, name: str, prefix: str) -> Iterator[Diagnosis]:
    """The exports of the account, and whether one delivers here."""
    source, found, failed = account.source, list[Found](), 0
    for action, ask in (("bcm-data-exports:ListExports", data_exports), ("cur:DescribeReportDefinitions", reports)):
        try:
            found += ask(account)
        except AiopsError as error:
            failed += 1
            problem = error.problems[0]
            yield Diagnosis(source.name, action, "unknown", problem.sentence,
                            "A pull does not need it, but this is how to learn which exports there are.")  # fmt: skip
    for one in found:
        here = one.bucket == name and f"{one.prefix.strip('/')}/{one.name}/".lstrip("/").startswith(prefix)
        yield _export(source, one, here)
    if not found and not failed:
        yield Diagnosis(source.name, "exports", "wrong", "this account has no export of its bill",
                        _MAKE_ONE.format(source=source.name, stack=NAME), exit_code=2,
                        paste=f"# export.json\n{written(source)['export']}")  # fmt: skip


_MAKE_ONE = """in the payer account, make the one that is read best:
  aiops-cost doctor {source} --print export > export.json
  aws bcm-data-exports create-export --region us-east-1 --export file://export.json
or, together with a bucket:
  aiops-cost doctor {source} --print template > export.yaml
  aws cloudformation deploy --region us-east-1 --stack-name {stack} --template-file export.yaml"""


def _export(source: Source, one: Found, here: bool) -> Diagnosis:
    where = "delivers here" if here else f"location: {one.location}"
    if one.unfit or one.ill:
        said = one.unfit or f"AWS says that it does not deliver: {one.ill}"
        return Diagnosis(source.name, f"export {one.name}", "wrong" if here else "note", f"{one.kind}, {where}; {said}",
                         "Change it in the Billing console, or make another.", exit_code=2 if here else 0)  # fmt: skip
    lacks = f"; lacks {', '.join(one.lacks)}" if one.lacks else ""
    needed = [item for item in one.lacks if "enough" not in item]
    return Diagnosis(source.name, f"export {one.name}", "note" if needed else "ok", f"{one.kind}, {where}{lacks}")


def _asked(source: Source, what: str, ask: Callable[[], str]) -> Diagnosis:
    """Try it, and say what came."""
    try:
        return Diagnosis(source.name, what, "ok", ask())
    except AiopsError as error:
        problem = error.problems[0]
        says = "; ".join([problem.sentence, *(detail.strip() for detail in problem.details)])
        return Diagnosis(source.name, what, "wrong", says, problem.way_out, error.exit_code)
