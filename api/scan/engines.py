"""Where a scan's audits run: by the name of `--engine`."""

from collections.abc import Callable, Mapping, Sequence

from api.scan.cluster import on_ray
from api.scan.find import Item
from api.scan.processes import in_processes
from api.scan.worker import Outcomes, Task

Engine = Callable[[Sequence[Item], int, Task], Outcomes]
"""Files, how many at once, and what is done with each: the number of each file and its outcome, as they end.
Closing what it gives ends its workers."""

ENGINES: Mapping[str, Engine] = {"local": in_processes, "ray": on_ray}
