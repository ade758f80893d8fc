"""The inventory: which accounts there are, in which groups, with which variables, and how to get into them.

`parts.py` says what an inventory is. `reading.py` reads its files, `gathered.py` takes up what they say, `accounts.py`
puts the accounts together; all mistakes are told at once.
"""

from iamfix.inventory.parts import CONNECTION, NOT_KNOWN_YET, Inventory, Plugin, Told, with_new_account
from iamfix.inventory.reading import load_inventory

__all__ = ["CONNECTION", "NOT_KNOWN_YET", "Inventory", "Plugin", "Told", "load_inventory", "with_new_account"]
