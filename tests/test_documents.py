"""YAML that people write: read strictly, refused with its line, never interpreted."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from aiops_cost import documents
from aiops_cost.documents import Marks, Strict
from aiops_cost.errors import UserError
from aiops_cost.model import Problem


class Tolerance(Strict):
    warn: str = "5%"
    at_least: int = 0


class Line(Strict):
    account: str
    owner: str | None = None
    tolerance: Tolerance | None = None
    tax: Tolerance | None = Field(None, alias="sales_tax")

    @field_validator("owner")
    @classmethod
    def one_word(cls, owner: str | None) -> str | None:
        if owner and " " in owner:
            raise ValueError("an owner is one word")
        return owner


class Plan(Strict):
    plan: str
    active: bool = False
    lines: tuple[Line, ...] = ()
    named: Mapping[str, Line] = Field({})


def read(tmp_path: Path, text: str | bytes) -> tuple[Plan, Marks]:
    path = tmp_path / "plan.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return documents.read(path, Plan, what="budget", shown="plan.yaml")


def refused(tmp_path: Path, text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    assert all(problem.place.startswith("plan.yaml") for problem in error.value.problems)
    return error.value.problems


def only(tmp_path: Path, text: str | bytes) -> Problem:
    (problem,) = refused(tmp_path, text)
    return problem


@pytest.mark.parametrize(
    "written",
    ["no", "off", "y", "012345678901", "0o17", "0x1F", "1e3", "12_000", "1:30", "2026-06-01",
     ".nan", "3.10", "=", "True", "NULL", '"true"', "'null'", '"~"'],
)  # fmt: skip
def test_a_value_means_what_was_written(tmp_path: Path, written: str) -> None:
    plan, _ = read(tmp_path, f"plan: {written}\nlines: [{{account: {written}}}]\n")
    assert plan.plan == plan.lines[0].account == written.strip("'\"")


@pytest.mark.parametrize("nothing", ["null", "~", ""])
def test_null_is_nothing_and_not_a_name(tmp_path: Path, nothing: str) -> None:
    plan, _ = read(tmp_path, f"plan: x\nlines:\n  - account: a\n    owner: {nothing}\n")
    assert plan.lines[0].owner is None


def test_true_and_false(tmp_path: Path) -> None:
    assert read(tmp_path, "plan: x\nactive: true\n")[0].active
    assert not read(tmp_path, "plan: x\nactive: false\n")[0].active


def test_a_duplicate_key_does_not_win(tmp_path: Path) -> None:
    problem = only(tmp_path, "plan: a\nactive: true\nplan: b\n")
    assert (problem.code, problem.place) == ("yaml-duplicate-key", "plan.yaml:3:1")
    assert "first on line 1" in problem.sentence


def test_a_duplicate_key_deep_inside_is_found(tmp_path: Path) -> None:
    text = "plan: a\nlines:\n  - account: x\n    tolerance: {warn: 1%, warn: 2%}\n"
    assert only(tmp_path, text).place == "plan.yaml:4:27"


def test_a_misspelt_key_is_not_ignored(tmp_path: Path) -> None:
    problem = only(tmp_path, "plan: a\nlines:\n  - account: x\n    tolerence: {warn: 1%}\n")
    assert str(problem) == ("plan.yaml:4:5: unknown key `tolerence` under `lines`; did you mean `tolerance`?")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("plan: a\nlinse: []\n", "lines"),
        ("plan: a\nlines: [{account: x, tolerance: {wran: 1%}}]\n", "warn"),
        ("plan: a\nlines: [{account: x, sales_tax: {at_lest: 1}}]\n", "at_least"),
        ("plan: a\nlines: [{account: x, sales_taxes: {}}]\n", "sales_tax"),
        ("plan: a\nnamed: {a: {acount: x, account: y}}\n", "account"),
    ],
)
def test_the_near_miss_is_named_at_every_depth(tmp_path: Path, text: str, meant: str) -> None:
    assert f"did you mean `{meant}`?" in only(tmp_path, text).sentence


def test_a_key_like_no_other_gets_the_way_to_the_list(tmp_path: Path) -> None:
    problem = only(tmp_path, "plan: a\nzzz: 1\n")
    assert problem.way_out == "The keys are listed by:  aiops-cost schema budget"


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = "active: maybe\nlines:\n  - account: x\n    owner: two words\n  - ownr: y\n"
    told = [(p.code, p.place) for p in refused(tmp_path, text)]
    assert told == [
        ("yaml-missing-key", "plan.yaml:1:1"),
        ("yaml-bad-value", "plan.yaml:1:1"),
        ("yaml-bad-value", "plan.yaml:4:5"),
        ("yaml-missing-key", "plan.yaml:5:5"),
        ("yaml-unknown-key", "plan.yaml:5:5"),
    ]


def test_a_file_of_another_kind_does_not_bury_its_first_problems(tmp_path: Path) -> None:
    problems = refused(tmp_path, "plan: a\nlines:\n" + "  - x\n" * 5000)
    assert len(problems) == documents.MAX_PROBLEMS + 1
    assert "4900 more problems" in problems[-1].sentence


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("plan: &a x\nactive: *a\n", "yaml-anchor"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nplan: *c\n", "yaml-anchor"),
        ("plan: &unused x\n", "yaml-anchor"),
        ("plan: !!python/object/apply:os.system [id]\n", "yaml-tag"),
        ("plan: !!str 1\n", "yaml-tag"),
        ("? [a, b]\n: c\nplan: x\n", "yaml-bad-key"),
        ("? {a: b}\n: c\nplan: x\n", "yaml-bad-key"),
        ("plan: a\n---\nplan: b\n", "yaml-syntax"),
        ("plan: a\n\tlines: []\n", "yaml-syntax"),
        ("plan: [a\n", "yaml-syntax"),
        ("plan: a: b\n", "yaml-syntax"),
        ("plan: a\x00b\n", "yaml-syntax"),
        ("", "yaml-not-mapping"),
        ("# nothing but a comment\n", "yaml-not-mapping"),
        ("- a\n- b\n", "yaml-not-mapping"),
        ("just text\n", "yaml-not-mapping"),
    ],
)
def test_a_yaml_surprise_is_refused_with_its_place(tmp_path: Path, text: str, code: str) -> None:
    problem = only(tmp_path, text)
    assert problem.code == code
    assert problem.place.count(":") == 2


def test_a_merge_key_does_not_merge(tmp_path: Path) -> None:
    assert only(tmp_path, "plan: a\n<<: {active: true}\n").code == "yaml-unknown-key"


def test_the_line_of_a_control_character_is_told(tmp_path: Path) -> None:
    assert only(tmp_path, "plan: a\nlines:\n  - account: \x07\n").place == "plan.yaml:3:14"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "a:\n" + " "])
def test_deep_nesting_is_refused_before_it_hurts(tmp_path: Path, opening: str) -> None:
    start = time.perf_counter()
    deep = opening * 50_000 if "\n" not in opening else "".join(" " * level + "a:\n" for level in range(200))
    assert only(tmp_path, deep).code == "yaml-too-deep"
    assert time.perf_counter() - start < 2


def test_a_50_mb_file_is_refused_without_reading_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    with path.open("wb") as file:
        file.write(b"plan: x\n")
        file.truncate(50 * 1024 * 1024)
    tracemalloc.start()
    with pytest.raises(UserError) as error:
        documents.read(path, Plan, what="budget")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.value.problems[0].code == "yaml-too-big"
    assert peak < 3 * documents.MAX_BYTES


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero on this system")
def test_a_device_without_a_size_does_not_fill_the_memory() -> None:
    with pytest.raises(UserError) as error:
        documents.read(Path("/dev/zero"), Plan, what="budget")
    assert error.value.problems[0].code == "yaml-too-big"


def test_a_byte_order_mark_is_not_part_of_the_first_key(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfplan: x\r\nactive: true\r\n")[0].active


@pytest.mark.parametrize("text", ["plan: Zürich".encode("latin-1"), "plan: x".encode("utf-16")])
def test_text_that_is_not_utf8_is_refused_not_guessed(tmp_path: Path, text: bytes) -> None:
    assert only(tmp_path, text).code == "yaml-not-utf8"


def test_a_missing_file_and_a_folder_are_said_to_be_so(tmp_path: Path) -> None:
    for path, code in ((tmp_path / "no.yaml", "file-missing"), (tmp_path, "file-unreadable")):
        with pytest.raises(UserError) as error:
            documents.read(path, Plan, what="budget")
        assert error.value.problems[0].code == code


def test_marks_give_the_place_or_the_nearest_parent(tmp_path: Path) -> None:
    _, marks = read(tmp_path, "plan: a\nlines:\n  - account: x\n    owner: y\n")
    assert marks.place("lines", 0, "owner") == "plan.yaml:4:5"
    assert marks.place("lines", 0, "tolerance", "warn") == "plan.yaml:3:5"
    assert marks.place("nowhere") == "plan.yaml:1:1"


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_and_never_crashes(text: str) -> None:
    try:
        data, _ = documents.parse(text, "x.yaml", "budget")
    except UserError:
        return
    assert isinstance(data, dict)
