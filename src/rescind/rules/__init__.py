"""The words in which a vendor's rules are written, and the loading of vendors.

A vendor module reads like the vendor's page: an ordered list of refusals, each a function named after its outcome, and
then the effect. Rules see one ``Call`` and depend on nothing else, since the store may run them again.
"""

from rescind.contract.expressions import MISSING
from rescind.documents.schemas import Magic, Moment, RecordSchema, Reference, Shape, Truth
from rescind.model import Answer, Code
from rescind.rules.call import Call, Rules, magic_order

__all__ = [
    "MISSING",
    "Answer",
    "Call",
    "Code",
    "Magic",
    "Moment",
    "RecordSchema",
    "Reference",
    "Rules",
    "Shape",
    "Truth",
    "magic_order",
]
