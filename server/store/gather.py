"""Gathers the operations of a store from the headers that hold them (see store_op.h). Python's standard library only.

usage: gather.py --store FOLDER --list-sources
       gather.py --store FOLDER --sources FILE,... --depfile FILE OUTPUT...

* An OUTPUT is op_table.h (the kinds, and a table of all rows) or ops.h (includes all of the headers). The same headers give the same bytes.
* --list-sources prints the files of FOLDER/work that do the operations. --sources are those that the build was configured with.
* A row that contradicts its struct, or whose functions are not there, ends this with one sentence that begins with file and line.
"""

import argparse
import pathlib
import re
import sys
from typing import NamedTuple

ROW = re.compile(r'STORE_OP\((\w+(?:, \w+){3,})\);')
STRUCT = re.compile(r'struct store_(\w+) \{')
CHOICES = {'how': ('WRITE', 'READ', 'SLOW_READ'), 'owns': ('OWNS', 'NOTHING'), 'room': ('ROOM', 'NO_ROOM')}


class GatherError(Exception):
    """In a file, at a line."""


class Operation(NamedTuple):
    noun: str
    how: str
    owns: str
    room: str
    data: list
    path: pathlib.Path
    line: int

    def refuse(self, sentence):
        raise GatherError(f'{self.path}:{self.line}: {self.noun}: {sentence}')

    @property
    def functions(self):
        """Where the work is done: what a line begins with that defines it."""
        if self.how == 'WRITE':
            return [f'void {self.noun}_look(', f'int {self.noun}_write(']
        return [f'int read_{self.noun}(']


def members_of(lines, noun):
    """The lines inside of the struct, or None."""
    try:
        begin = lines.index(f'struct store_{noun} {{')
    except ValueError:
        return None
    return [line.strip() for line in lines[begin + 1:lines.index('};', begin)]]


def has_member(members, c_type, name):
    declared = re.compile(rf'{c_type} (?:\w+, )*{name}(?:, \w+)*;')
    return any(declared.match(member) for member in members)


def check(operation, lines):
    members = members_of(lines[:operation.line - 1], operation.noun)
    if members is None:
        operation.refuse(f'no struct store_{operation.noun} stands above its row')
    if members[:1] != ['struct store_op op;']:
        operation.refuse('its first member is not a struct store_op op')
    for (name, choices) in CHOICES.items():
        if getattr(operation, name) not in choices:
            operation.refuse(f'{name} is {getattr(operation, name)}, which is none of {", ".join(choices)}')
    if operation.room == 'ROOM' and operation.how != 'WRITE':
        operation.refuse('only a write has a ROOM')
    if operation.room == 'ROOM' and not has_member(members, 'uint64_t', 'room_no'):
        operation.refuse('is ROOM, and has no uint64_t room_no')
    for name in operation.data:
        if not has_member(members, 'struct buf', name):
            operation.refuse(f'has no struct buf {name}')
    has_finish = any(line.startswith(f'static inline void store_{operation.noun}_finish(') for line in lines)
    if has_finish != (operation.owns == 'OWNS'):
        operation.refuse(f'is {operation.owns}, and {"has a" if has_finish else "has no"} store_{operation.noun}_finish()')


def read_header(path):
    lines = path.read_text(encoding='utf-8').split('\n')
    operations = []
    for number, line in enumerate(lines, 1):
        if 'STORE_OP(' not in line:
            continue
        row = ROW.fullmatch(line)
        if not row:
            raise GatherError(f'{path}:{number}: this is no row: STORE_OP(noun, how, owns, room, data...); in one line')
        noun, how, owns, room, *data = row[1].split(', ')
        operations.append(Operation(noun, how, owns, room, data, path, number))
        check(operations[-1], lines)
    for number, line in enumerate(lines, 1):
        struct = STRUCT.fullmatch(line)
        if struct and lines[number].strip() == 'struct store_op op;' and struct[1] not in [operation.noun for operation in operations]:
            raise GatherError(f'{path}:{number}: store_{struct[1]} is an operation without a row')
    return operations


def read_headers(paths):
    found = {}
    for path in paths:
        for operation in read_header(path):
            if operation.noun in found:
                operation.refuse(f'has a row in {found[operation.noun].path.name} as well')
            found[operation.noun] = operation
    return list(found.values())


def sources_of(operations, paths):
    """The names of the files that do the operations."""
    lines_of = {path: path.read_text(encoding='utf-8').split('\n') for path in paths}
    sources = set()
    for operation in operations:
        for function in operation.functions:
            defined = [path for path, lines in lines_of.items() if any(line.startswith(function) and not line.endswith(';') for line in lines)]
            if len(defined) != 1:
                operation.refuse(f'{"no file" if not defined else "more than one file"} of work/ has a line that begins with "{function}"')
            sources.add(defined[0].name)
    return sorted(sources)


def table(name, rows):
    return f'#define {name}(X)' + ''.join(f' \\\n\tX({", ".join(row)})' for row in rows) + '\n'


def op_table(operations, _):
    kinds = ''.join(f'\tSTORE_{operation.noun.upper()},\n' for operation in operations)
    return '\n'.join([
        '/*\n * Generated by server/store/gather.py: the operations of a store, which store_op.h explains.\n */',
        '#ifndef PARLEY_STORE_OP_TABLE_H\n#define PARLEY_STORE_OP_TABLE_H\n',
        '/* X(KIND, noun, how, owns, room) */',
        table('STORE_OP_TABLE', [(o.noun.upper(), o.noun, o.how, o.owns, o.room) for o in operations]),
        '/* X(KIND, noun, member): the buffers among what an operation is given. */',
        table('STORE_OP_DATA_TABLE', [(o.noun.upper(), o.noun, name) for o in operations for name in o.data]),
        f'enum store_op_kind {{\n{kinds}}};\nenum {{ STORE_OP_KINDS = {len(operations)} }};\n',
        f'enum store_op_how {{ {", ".join("STORE_" + how for how in CHOICES["how"])} }};\n',
        '#endif\n'])


def includes(_, paths):
    lines = ''.join(f'#include "store/{path.name}"\n' for path in paths)
    return ('/*\n * Generated by server/store/gather.py: all operations of a store.\n */\n'
            f'#ifndef PARLEY_STORE_OPS_H\n#define PARLEY_STORE_OPS_H\n\n{lines}\n#endif\n')


MAKERS = {'op_table.h': op_table, 'ops.h': includes}


def write(path, text):
    """What stays the same keeps its time, so that nothing that depends on it is built again."""
    if not path.exists() or path.read_text(encoding='utf-8') != text:
        path.write_text(text, encoding='utf-8')


def run(options):
    headers, work = sorted(options.store.glob('op_*.h')), sorted((options.store / 'work').glob('*.c'))
    operations = read_headers(headers)
    sources = sources_of(operations, work)
    if options.list_sources:
        print('\n'.join(sources))
        return
    changed = sorted(set(sources) ^ set(options.sources.split(',')))
    if changed:
        raise GatherError(f'{options.store / "work" / changed[0]}:1: it was not known when the build was configured whether this does an operation; '
                          'run: meson setup --reconfigure BUILD_FOLDER')
    for output in options.outputs:
        write(output, MAKERS[output.name](operations, headers))
    read = [pathlib.Path(__file__), options.store, *headers, options.store / 'work', *work]
    needs = ' '.join(str(path).replace(' ', '\\ ') for path in read)
    options.depfile.write_text(f'{" ".join(map(str, options.outputs))}: {needs}\n', encoding='utf-8')


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--store', type=pathlib.Path, required=True)
    parser.add_argument('--list-sources', action='store_true')
    parser.add_argument('--sources')
    parser.add_argument('--depfile', type=pathlib.Path)
    parser.add_argument('outputs', nargs='*', type=pathlib.Path)
    try:
        run(parser.parse_args())
    except GatherError as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
