"""Rules that the repository keeps as a whole."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PARTS = {"trace": "shangeng_trace", "certs": "shangeng_certs", "labels": "shangeng_labels", "web": "shangeng_web"}
DECISIONS = ROOT / "docs" / "decisions"

CODE = {".py", ".html", ".css", ".js", ".sh"}
LINES = 400

# Put together here so that this file does not name what it forbids.
REGISTRIES = "pypi|pythonhosted|npmjs|yarnpkg|debian|aliyun|tsinghua"
FORBIDDEN = {
    "the host of a package registry": rf"\b(?:{REGISTRIES})\.(?:org|com|edu)\b",
    "an option that names a package registry": r"--(?:(?:extra-)?index[-]url|find[-]links|trusted[-]host)",
    "an absolute path of one machine": r"(?<![\w.])/(?:work|home|root|Users|tmp)/\w",
    # A ticket of another project is fine, with its name: "owner/project issue 7".
    "the number of a ticket": r"(?m)(?:^|(?:^|\s)[^\s/]+[\s(]+)issue\s+#?\d",
    "unfinished work": r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b",
}

# One import that breaks each contract of import-linter: the file it is planted in (a new one, mostly), and what it says.
PLANTS = {
    "web -> labels -> certs -> trace": ("trace/shangeng_trace/planted.py", "import shangeng_web"),
    "only web knows the web framework": ("labels/shangeng_labels/planted.py", "import jinja2"),
    "only trace knows cryptography": ("certs/shangeng_certs/planted.py", "import cryptography"),
    "only labels knows qrcode": ("web/shangeng_web/planted.py", "import qrcode"),
    "what is pure knows no database": ("trace/shangeng_trace/merkle.py", "import sqlalchemy"),
    "a witness knows nothing of the platform": (
        "trace/shangeng_trace/witness/store.py",
        "import shangeng_trace.ledger",
    ),
    "a monitor knows nothing of the platform": (
        "trace/shangeng_trace/monitor/memory.py",
        "import shangeng_trace.ledger",
    ),
    "checking a file needs no database, server or network": (
        "web/shangeng_web/commands/standing.py",
        "import shangeng_web.outside",
    ),
}


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def _texts() -> list[tuple[str, str]]:
    texts: list[tuple[str, str]] = []
    for path in _tracked():
        try:
            texts.append((str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return texts


def test_the_outer_folders_are_not_packages() -> None:
    # An __init__.py in trace/ would hide the standard library's module of that name.
    assert [part for part in PARTS if (ROOT / part / "__init__.py").exists()] == []


def test_every_package_says_that_it_is_typed() -> None:
    assert [part for part, package in PARTS.items() if not (ROOT / part / package / "py.typed").exists()] == []


def test_every_import_contract_breaks_on_an_import_that_it_forbids(tmp_path: Path) -> None:
    for part in PARTS:
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=lambda _folder, names: [n for n in names if n == "__pycache__"]
        )
    for file, statement in PLANTS.values():
        with (tmp_path / file).open("a") as planted:
            planted.write(f"{statement}\n")
    report = _lint_imports(tmp_path)
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == set(PLANTS), "every contract needs an import that breaks it"
    for name in PLANTS:
        assert f"{name} BROKEN" in report


def _lint_imports(folder: Path) -> str:
    # PYTHONPATH stands before the installed packages, so the copies are what is looked at.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(folder / part) for part in PARTS), "NO_COLOR": "1"}
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ran.stdout


def test_a_long_file_has_a_decision_that_says_why() -> None:
    decisions = "".join(path.read_text() for path in DECISIONS.glob("*.md"))
    long = [name for name, text in _texts() if Path(name).suffix in CODE and text.count("\n") > LINES]
    assert [name for name in long if name not in decisions] == []


def test_no_file_speaks_of_where_it_was_made() -> None:
    found = [
        f"{name}: {what}: {match.group()}"
        for name, text in _texts()
        for what, pattern in FORBIDDEN.items()
        for match in re.finditer(pattern, text)
    ]
    assert found == []


def test_the_forbidden_words_are_recognised() -> None:
    examples = [
        "https://registry." + "npmjs." + "org/x",
        "--extra-" + "index-url",
        "see /work" + "/main",
        "issue" + " #12",
        "as said (" + "issue 12)",
        "# TO" + "DO later",
    ]
    assert [any(re.search(pattern, text) for pattern in FORBIDDEN.values()) for text in examples] == [True] * len(
        examples
    )
    allowed = "/var/lib/shangeng ../shared/vectors tmpfs /tmp a public issue: pypistats (owner/project issue 7)"
    assert not any(re.search(pattern, allowed) for pattern in FORBIDDEN.values())


def test_every_decision_is_complete_and_listed() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (DECISIONS / "README.md").read_text()))
    records = {path.name: path.read_text() for path in DECISIONS.glob("*.md") if path.name != "README.md"}
    assert listed == set(records)
    for name, text in records.items():
        headings = re.findall(r"^## (\w+)", text, re.MULTILINE)
        assert headings == ["Status", "Context", "Decision", "Consequences", "Alternatives"], name


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["postgresql"]
    explained = set(re.findall(r"[a-z0-9-]+", (DECISIONS / "dependencies.md").read_text()))
    assert {re.split(r"[\[>=;~ ]", requirement)[0] for requirement in wanted} <= explained


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{name}: {target}"
        for name, text in _texts()
        if name.endswith(".md")
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
        if not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_pinned_versions_have_hashes_and_name_no_address() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text, path.name
        for pinned in re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL):
            assert "==" in pinned, pinned
            assert "--hash=sha256:" in pinned, pinned


def test_everything_required_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {
        "base.txt": project["project"]["dependencies"],
        "postgresql.txt": project["project"]["optional-dependencies"]["postgresql"],
        "build.txt": groups["build"],
        "dev.txt": [requirement for requirement in groups["dev"] if isinstance(requirement, str)],
    }
    for name, requirements in wanted.items():
        pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / name).read_text(), re.MULTILINE))
        assert {re.split(r"[\[>=;~ ]", requirement)[0] for requirement in requirements} <= pinned, name
