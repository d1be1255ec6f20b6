"""What a build shows where there is no terminal."""

from __future__ import annotations

import io

from rich.console import Console

from dev.build_progress import BuildProgress


def test_without_a_terminal_a_few_plain_lines_are_printed() -> None:
    """Logs of CI stay readable: no bar, but what is done and when it is done."""
    output = io.StringIO()

    with BuildProgress(Console(file=output, width=100), "kube") as progress:
        assert progress.line("go: downloading k8s.io/api v0.36.3\n").endswith("v0.36.3\n")
        progress.expect(1200)
        progress.line("k8s.io/api/core/v1\n")

    assert output.getvalue() == "kube: 1200 packages to compile\nkube: built\n"


def test_on_a_terminal_there_is_a_bar_with_counts() -> None:
    """Packages compiled of packages to compile."""
    output = io.StringIO()

    with BuildProgress(Console(file=output, width=100, force_terminal=True), "kube") as progress:
        progress.expect(3)
        progress.line("k8s.io/api/core/v1\n")

    assert "kube: packages" in output.getvalue()
    assert "1/3" in output.getvalue()


def test_a_failure_shows_the_end_of_the_output_as_it_is() -> None:
    """Square brackets in compiler messages are no markup."""
    output = io.StringIO()

    BuildProgress(Console(file=output, width=100), "kube").fail("x.go:1: undefined: [bold]")

    assert "undefined: [bold]" in output.getvalue()
