"""`zoo doctor`."""

import typer

from zoo.cli import options
from zoo.cli.output import console, show_json, show_table


def doctor_command(
    json: options.Json = False,
) -> None:
    """Show devices, versions, precision and folders; say what is wrong and how to fix it.

    The exit code is 1 if there is a problem.

    [bold]Example[/bold]

    zoo doctor --json
    """
    from zoo.doctor import examine

    facts, problems = examine()
    if json:
        show_json({"facts": facts, "problems": problems})
    else:
        show_table("machine", ("", ""), [(key, str(value)) for key, value in facts.items()])
        console.print()
        if problems:
            rows = [(item["problem"], item["fix"]) for item in problems]
            show_table("problems", ("problem", "fix"), rows)
        else:
            console.print("No problems found.")
    if problems:
        raise typer.Exit(1)
