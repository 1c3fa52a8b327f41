"""How a person opens a search in MLflow: a table of its trials, best first."""

import json
from pathlib import Path

from evomerge.space.space import Space

VIEW_KEY = "trials"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW_KEY}"
"""Experiment tag under which MLflow's page finds a stored table (seen in MLflow 3.17)."""


def trials_view(space: Space) -> str:
    """Return the stored table: the search's trials by objective, with task scores and method."""
    pareto = space.objective == "pareto"
    first = space.evaluate.tasks[0]
    order = f"{first.task}/{first.metric.replace(',', '_')}" if pareto else "objective"
    columns = [
        *([] if pareto else ["metrics.`objective`"]),
        *(f"metrics.`{t.task}/{t.metric.replace(',', '_')}`" for t in space.evaluate.tasks),
        "params.`merge_method`",
        "metrics.`seconds/total`",
    ]
    return json.dumps(
        {
            "orderByKey": f"metrics.`{order}`",
            "orderByAsc": False,
            "searchFilter": "tags.`evomerge.stage` = 'search'",
            "selectedColumns": columns,
        }
    )


def how_to_open(uri: str | None, database: Path, experiment: str | None) -> str:
    """Return the command that starts the dashboard, and on the next line the trials' page.

    Where a server runs already it is the page alone.

    Args:
        uri: `MLFLOW_TRACKING_URI`, or None for the database.
        database: The database beside the runs.
        experiment: The experiment's id, or None where it is not known.
    """
    here = Path.cwd()
    short = database.relative_to(here) if database.is_relative_to(here) else database
    server, command = "http://127.0.0.1:5000", ""
    if uri is not None and uri.startswith("http"):
        server = uri.rstrip("/")
    else:
        command = f"mlflow ui --backend-store-uri {uri or f'sqlite:///{short}'}"
    page = server
    if experiment is not None:
        page += f"/#/experiments/{experiment}/runs"
        page += f"?workflowType=machine_learning&viewStateShareKey={VIEW_KEY}"
    return f"{command}\n{page}" if command else page
