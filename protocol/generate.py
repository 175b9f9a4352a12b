"""Makes everything that follows from protocol/schema/ at build time. Python's standard library only.

usage: generate.py --schema FOLDER --codec FOLDER [--examples FOLDER] [--commands NAME,...] [--depfile FILE] OUTPUT...
       generate.py --schema FOLDER --codec FOLDER --list-commands
       generate.py --schema FOLDER --codec FOLDER --list-handlers FOLDER

* The name of each OUTPUT says what it is: see MAKERS. The same schemas give the same bytes.
* --codec is the folder of limits.h and wire_error.h, whose tables the schemas refer to. --examples is the folder whose invalid/ has the bad requests
  that are written by hand. --commands are those that the build was configured with.
* A schema that contradicts itself ends this with one sentence that names the file and the member.
"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from generator import asyncapi, bundle, c_code, examples, reference, typescript  # noqa: E402
from generator.protocol import Protocol, SchemaError  # noqa: E402

MAKERS = {
    'commands.h': c_code.commands_header,
    'events.h': c_code.events_header,
    'request_tables.c': c_code.request_tables,
    'schema.json': bundle.text,
    'protocol.ts': typescript.text,
    'reference.md': reference.text,
    'asyncapi.yaml': asyncapi.text,
}


def list_handlers(protocol, folder):
    """The file of each command's handler, below `folder`."""
    for command in protocol.commands:
        found = sorted(folder.glob(f'*/handle_{command.ident}.c'))
        if len(found) != 1:
            raise SchemaError(f'{command.file}: {"no" if not found else "more than one"} {folder.name}/*/handle_{command.ident}.c handles this command')
        print(found[0].relative_to(folder))


def write_depfile(path, outputs, protocol, options):
    """Names all files that were read, with this program. The folders are dependencies too: a file that is added or removed changes their time."""
    here = pathlib.Path(__file__).resolve()
    needs = [here, *sorted(here.with_name('generator').glob('*.py')), options.schema, *protocol.files, options.codec / 'limits.h', options.codec / 'wire_error.h']
    if options.examples:
        needs += [options.examples / 'invalid', *sorted((options.examples / 'invalid').glob('*.json'))]
    escaped = [str(need).replace(' ', '\\ ') for need in needs]
    pathlib.Path(path).write_text(f'{" ".join(outputs)}: {" ".join(escaped)}\n', encoding='utf-8')


def write(path, text):
    """An output that stays the same keeps its time, so that nothing that depends on it is built again."""
    if not path.exists() or path.read_text(encoding='utf-8') != text:
        path.write_text(text, encoding='utf-8')


def run(options):
    protocol = Protocol(options.schema, options.codec)
    names = [command.name for command in protocol.commands]
    if options.list_commands:
        print(','.join(names))
        return
    if options.list_handlers:
        list_handlers(protocol, options.list_handlers)
        return
    if options.commands and options.commands.split(',') != names:
        changed = sorted(set(names) ^ set(options.commands.split(',')))
        raise SchemaError(f'{", ".join(changed)}: the commands are others than when the build was configured; run: meson setup --reconfigure BUILD_FOLDER')
    for output in map(pathlib.Path, options.outputs):
        if output.name == 'examples.stamp':
            write(output, examples.write_folder(protocol, output.parent / 'examples', options.examples))
        else:
            write(output, MAKERS[output.name](protocol))
    if options.depfile:
        write_depfile(options.depfile, options.outputs, protocol, options)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--schema', type=pathlib.Path, required=True)
    parser.add_argument('--codec', type=pathlib.Path, required=True)
    parser.add_argument('--examples', type=pathlib.Path)
    parser.add_argument('--commands')
    parser.add_argument('--depfile')
    parser.add_argument('--list-commands', action='store_true')
    parser.add_argument('--list-handlers', type=pathlib.Path)
    parser.add_argument('outputs', nargs='*')
    try:
        run(parser.parse_args())
    except SchemaError as error:
        sys.exit(f'generate.py: {error}')


if __name__ == '__main__':
    main()
