"""What import-linter's contracts (see .importlinter) do not say: no module waits for itself."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = grimp.build_graph("monitor", "pipelines", "dashboards", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}

    try:
        order = tuple(TopologicalSorter(imports).static_order())
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from error

    assert {"monitor.surges.worker", "pipelines.line"} <= set(order)
