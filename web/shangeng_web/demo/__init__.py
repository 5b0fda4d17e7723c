"""The demonstration: real produce of Lishui, invented people, a year of believable stories, one login per role.

Everything goes through the verbs that users have, in one transaction of the writer: the demonstration is there as a
whole or not at all, however its making ends.
"""

from shangeng_web.demo.making import DemoMisplaced, DemoRefused, is_made, make_demo, open_demo
from shangeng_web.demo.report import DemoBatch, DemoCertificate, DemoLogin, DemoReport, describe_demo

__all__ = [
    "DemoBatch",
    "DemoCertificate",
    "DemoLogin",
    "DemoMisplaced",
    "DemoRefused",
    "DemoReport",
    "describe_demo",
    "is_made",
    "make_demo",
    "open_demo",
]
