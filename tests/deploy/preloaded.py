"""Everything that a command may import: the process that forks commands reads it once."""

import importlib
import os
import pkgutil

from iuran.deploy import commands
from tests.deploy.forked import COLUMNS

os.environ["COLUMNS"] = COLUMNS
for module in pkgutil.iter_modules(commands.__path__):
    importlib.import_module(f"{commands.__name__}.{module.name}")
importlib.import_module("iuran.deploy.cli")
