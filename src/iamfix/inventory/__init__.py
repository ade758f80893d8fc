"""The inventory: which accounts there are, in which groups, with which variables, and how to get into them.

`parts.py` says what an inventory is. `reading.py` reads its files, `gathered.py` takes up what they say, `accounts.py`
puts the accounts together; all mistakes are told at once.
"""

from iamfix.inventory.parts import CONNECTION, Inventory, Plugin, Told
from iamfix.inventory.reading import load_inventory

__all__ = ["CONNECTION", "Inventory", "Plugin", "Told", "load_inventory"]
