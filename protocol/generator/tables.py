"""The X tables of the codec's headers that the schemas refer to: limits and wire errors."""

import re
from typing import NamedTuple


class Limit(NamedTuple):
    name: str
    default: int
    unit: str
    meaning: str


class WireError(NamedTuple):
    code: str
    retryable: bool
    status: int
    message: str


def rows_of(path, macro):
    """The arguments of each X(…) of a table, as text."""
    text = path.read_text(encoding='utf-8')
    start = text.index(f'#define {macro}(X)')
    table = text[start:text.index('/* clang-format on */', start)]
    return [[part.strip() for part in re.findall(r'"[^"]*"|[^,"]+', row)] for row in re.findall(r'\bX\((.*?)\)(?=\s*\\|\s*$)', table, re.M) if row]


def limits(codec):
    rows = [[part for part in row if part] for row in rows_of(codec / 'limits.h', 'LIMIT_TABLE')]
    return {name: Limit(name, int(default), unit.strip('"'), meaning.strip('"')) for name, default, unit, meaning, *_ in rows}


def wire_errors(codec):
    rows = [[part for part in row if part] for row in rows_of(codec / 'wire_error.h', 'WIRE_ERROR_TABLE')]
    return {code.strip('"'): WireError(code.strip('"'), again == 'true', int(status), message.strip('"')) for _, code, again, status, message in rows}
