"""HTML for a browser, a mail or a printer: one file that needs no network and is whole without its script.

Every report becomes a page: headline, facts, figures, charts with their data, tables, findings with what to do, notes.
All text is escaped; a policy in the page forbids every request and all styles and scripts but its own two.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from aiops_cost.model import Report
from aiops_cost.reports import _sections
from aiops_cost.reports._cells import no_commands
from aiops_cost.reports._charts import DARK, LIGHT

SUFFIXES = (".html", ".htm")


def render(report: Report, *, width: int = 100, color: bool = False) -> str:
    """The page; width and colour do not apply. Raises ImportError without the extra `html`."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    parts = DictLoader({name: _part(name) for name in ("page.html.jinja", "parts.html.jinja")})
    environment = Environment(
        loader=parts, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = _sections.page(report)
    style, script = _style(), _part("script.js") if page.is_interactive else ""
    text = environment.get_template("page.html.jinja").render(
        page=page, style=style, script=script, policy=_policy(style, script)
    )
    return no_commands(text.strip()) + "\n"


def _policy(style: str, script: str) -> str:
    allowed = f"script-src {_hash(script)}; " if script else ""
    return f"default-src 'none'; style-src {_hash(style)}; {allowed}img-src data:; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _part(name: str) -> str:
    return files("aiops_cost.reports").joinpath("_page", name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    """The style sheet, and the colours that charts change to on a dark screen."""
    pairs = [(LIGHT[role], DARK[role]) for role in LIGHT]
    rules = "".join(
        f'.chart svg [{kind}="{light}"]{{{kind}:{dark}}}' for light, dark in pairs for kind in ("fill", "stroke")
    )
    return f"{_part('style.css')}@media screen and (prefers-color-scheme:dark){{{rules}}}\n"
