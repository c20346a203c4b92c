"""The transparency log: its rows, its checkpoints, its witnesses and its time stamps."""
