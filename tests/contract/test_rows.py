"""Every row of the contract has a test that claims it."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "contract_rows.py"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_every_row_of_the_contract_is_claimed() -> None:
    ended = run()
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr
    assert ended.stdout.rstrip().endswith(" 0 without a test")


def test_a_row_that_nobody_claims_is_reported(tmp_path: Path) -> None:
    rows = tmp_path / "rows.txt"
    rows.write_text("\u00a799 nobody: a row without a test\n- \u00a799 left out: for a reason\n")
    ended = run(str(rows))
    assert ended.returncode == 1
    assert "NO TEST" in ended.stdout
    assert "2 rows, 1 without a test" in ended.stdout


def test_a_line_that_is_no_row_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.txt"
    rows.write_text("8.1 key\n")
    assert "no rows" in run(str(rows)).stderr
