"""Commands print in whatever encoding the terminal or the pipe has."""

import os
import subprocess
import sys

import pytest

ENCODINGS = {
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "locale C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "as asked": {"PYTHONIOENCODING": "ascii:xmlcharrefreplace"},
    "utf-8": {"PYTHONIOENCODING": "utf-8"},
}
MARKS = {"latin-1": ("×", "?"), "as asked": ("&#215;", "&#8211;"), "utf-8": ("×", "–")}


@pytest.mark.parametrize("name", ENCODINGS)
def test_signs_that_an_encoding_lacks_are_replaced(name):
    command = (sys.executable, "-c", "from zoo.cli.main import main; main()", "list")
    switches = ("PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL")
    kept = {key: value for key, value in os.environ.items() if key not in switches}
    kept["PYTHONPATH"] = os.pathsep.join(sys.path)
    result = subprocess.run(command, env=kept | ENCODINGS[name], capture_output=True)
    assert result.returncode == 0, result.stderr
    assert b"Traceback" not in result.stderr
    text = result.stdout.decode("utf-8" if name == "utf-8" else "latin-1")
    assert "cnn_small" in text
    for mark in MARKS.get(name, ("?",)):
        assert mark in text
