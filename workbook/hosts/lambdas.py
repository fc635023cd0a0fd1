"""The functions of the table as names of a workbook that hold LAMBDA."""

from workbook.hosts.lambdas_functions import CHECKS, FUNCTIONS, PARTS
from workbook.hosts.lambdas_network import NETWORK
from workbook.hosts.lambdas_ranges import RANGES
from workbook.hosts.lambdas_spec import SPEC
from workbook.hosts.lambdas_stored import stored

SOURCES = {**RANGES, **SPEC, **NETWORK, **CHECKS, **PARTS, **FUNCTIONS}


def all_stored():
    return {name: stored(source, SOURCES) for name, source in SOURCES.items()}
