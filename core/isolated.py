"""Starting a Python process that inherits nothing but one socket: the first wall around strangers' bytes."""

import os
import socket
import subprocess
import sys
from pathlib import Path


def start(script: str, *arguments: str) -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """Run a script in an isolated interpreter with an empty environment.

    Args:
        script: Python source that may import this project; `sys.argv[1]` is its socket's descriptor.
        arguments: what follows in `sys.argv`.

    Returns:
        The process, which ends with its socket, and this side of it.
    """
    ours, theirs = socket.socketpair()
    root = str(Path(__file__).resolve().parent.parent)
    source = f"import sys; sys.path.append({root!r}); {script}"
    environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", source, str(theirs.fileno()), *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,  # Ctrl-C belongs to the parent; the end of the socket ends this one
        )
    return process, ours
