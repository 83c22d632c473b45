"""The blueprint: one versioned document that says exactly what a finished production is.

`model` holds the shape, `check` what a shape alone cannot say, `upgrade` the earlier versions, `parse` the front door.
"""

from shared.domain.blueprint.model import Blueprint
from shared.domain.blueprint.parse import parse_blueprint

__all__ = ["Blueprint", "parse_blueprint"]
