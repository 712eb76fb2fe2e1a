"""What `zoo evaluate` prints."""

from typing import Any

from zoo.cli.abstaining_output import show_abstention
from zoo.cli.against_table import show_against
from zoo.cli.domain_table import show_domain
from zoo.cli.group_table import show_groups
from zoo.cli.output import console, counted, show_metrics
from zoo.cli.shift_table import show_shift


def show_result(result: dict[str, Any], run: Any, *, most: int) -> None:
    """Print the metrics of an evaluation, and what else was asked for.

    Args:
        result: of `Run.evaluate`, with what was written and measured beside.
        run: that was evaluated.
        most: mistakes that were saved at most.
    """
    console.print(f"{result['name']}: {result['examples']:,} test examples")
    for note in result["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
    show_metrics(result["metrics"], run.task.metrics)
    if "temperature" in result:
        console.print(f"\n{_told(result)}", soft_wrap=True)
    if "abstain" in result:
        show_abstention(result["abstain"])
    if "predictions" in result:
        console.print(f"\npredictions  {result['predictions']}", soft_wrap=True)
    if "mistakes" in result:
        wrong, folder = result["mistakes"]["wrong"], result["mistakes"]["folder"]
        kept = f", {most} of them" if wrong > most else ""
        console.print(f"\n{counted(wrong, 'mistake')}{kept}: {folder}", soft_wrap=True)
    if "domain" in result:
        show_domain(result, run)
    if "by" in result:
        show_groups(result["by"], run)
    if "shift" in result:
        show_shift(result["shift"], run)
    if "against" in result:
        show_against(result["against"])
    if "picture" in result:
        console.print(f"\npicture      {result['picture']}", soft_wrap=True)


def _told(result: dict[str, Any]) -> str:
    """Say what the temperature did to the test examples."""
    temperature, before = result["temperature"], result["uncalibrated"]
    after = {name: result["metrics"][name]["value"] for name in before}
    fitted = temperature.get("examples")
    where = f", fitted on {fitted:,} validation examples" if fitted else ""
    return (
        f"temperature {temperature['value']:.4g}{where}: loss {before['loss']:.4f} → "
        f"{after['loss']:.4f}, ECE {100 * before['ece']:.2f} % → {100 * after['ece']:.2f} %; "
        "the answers are the same"
    )
