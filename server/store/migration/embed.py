"""Turns the migrations into C: their texts (see migrations.h), and the tables that a copy between the databases moves (see copy/copy_table.h). Python's standard
library only.

usage: embed.py MIGRATIONS.c COPIED.c DEPFILE FOLDER

* A migration is two files of FOLDER, NNN_name.sqlite.sql and NNN_name.postgres.sql. The numbers begin with 001 and leave none out.
* A text for PostgreSQL that makes a table says in a line of its own whether it is copied, and how:
    -- copied: NAME by N: COLUMN KIND, ...     the first N columns are the key; KIND is n, t or b (number, text, bytes), in upper case where it may be NULL
    -- copied: NAME also: COLUMN KIND, ...     columns more of a table that an earlier migration made
    -- not copied: NAME
  With " also EXPRESSION" at the end, that is read behind the columns and not written.
* DEPFILE tells the build what to watch: the files, and the folder itself, so that a new file is noticed without being listed anywhere.
* The result depends on nothing but the names and the content of the files: building twice gives the same bytes.
"""

import os
import re
import sys

DATABASES = ("sqlite", "postgres")
NAME = re.compile(r"(\d{3})_([a-z0-9_]+)\.(sqlite|postgres)\.sql")
COPIED = re.compile(r"-- copied: (\w+) (?:by ([1-9])|also): (\w+ [ntbNTB](?:, \w+ [ntbNTB])*)(?: also (.+))?")
NOT_COPIED = re.compile(r"-- not copied: (\w+)")
MADE = re.compile(r"^\s*CREATE TABLE (\w+)|^\s*ALTER TABLE (\w+) ADD COLUMN (\w+)", re.M)
COMMENT = re.compile(r"--[^\n]*")


def refuse(sentence):
    sys.exit(f"embed.py: {sentence}")


def read_migrations(folder, names):
    """[(name, {database: text})], in the order of the numbers."""
    found = {}
    for file_name in names:
        parts = NAME.fullmatch(file_name)
        if not parts:
            refuse(f"{file_name} is not named NNN_name.sqlite.sql or NNN_name.postgres.sql")
        number, name, database = int(parts[1]), parts[2], parts[3]
        with open(os.path.join(folder, file_name), encoding="utf-8") as opened:
            text = opened.read()
        if not COMMENT.sub("", text).strip():
            refuse(f"{file_name} holds no statement; write SELECT 1 where there is nothing to do")
        if "\0" in text:
            refuse(f"{file_name} holds a NUL byte")
        other_name, texts = found.setdefault(number, (name, {}))
        if other_name != name:
            refuse(f"two migrations have the number {number:03}: {other_name} and {name}")
        texts[database] = text
    for expected, number in enumerate(sorted(found), 1):
        name, texts = found[number]
        if number != expected:
            refuse(f"there is no migration {expected:03}, but one with the number {number:03}")
        for database in DATABASES:
            if database not in texts:
                refuse(f"{number:03}_{name}.{database}.sql is missing: a migration has a file for each database")
    return [found[number] for number in sorted(found)]


class Table:
    """What is copied of it."""

    def __init__(self, keys, also):
        self.columns, self.kinds, self.keys, self.also = [], "", keys, also


def read_copied(file_name, text, tables):
    """Adds to `tables` what a migration says of them. A table or column that it makes and says nothing of would be lost."""
    said = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not re.match(r"-- (not )?copied:", line):
            continue
        copied, not_copied = COPIED.fullmatch(line), NOT_COPIED.fullmatch(line)
        if not copied and not not_copied:
            refuse(f"{file_name}:{number}: this does not say how a table is copied")
        if not_copied:
            said.add((not_copied[1], None))
            continue
        name, keys, columns, also = copied.groups()
        if (name in tables) == bool(keys):
            refuse(f"{file_name}:{number}: {name} is {'copied already' if keys else 'not copied yet'}")
        if keys and int(keys) > len(columns.split(", ")):
            refuse(f"{file_name}:{number}: the key of {name} has {keys} columns, and fewer are named")
        table = tables.setdefault(name, Table(keys, also))
        said.add((name, None))
        for column in columns.split(", "):
            table.columns.append(column[:-2])
            table.kinds += column[-1]
            said.add((name, column[:-2]))
    for made, altered, column in MADE.findall(text):
        if (made or altered, column or None) not in said:
            refuse(f"{file_name}: makes {made or altered + '.' + column}, and does not say whether a copy between the databases moves it")


def copied_in_c(tables):
    rows, checks = "", ""
    for name, table in tables.items():
        also = f'"{table.also}"' if table.also else "NULL"
        rows += f'\t{{"{name}", "{", ".join(table.columns)}", "{table.kinds}", {table.keys}, {also}}},\n'
        checks += f'static_assert({len(table.columns)} <= COPY_COLUMNS_MAX, "{name} has more columns than a copy moves");\n'
        checks += f'static_assert({table.keys} <= COPY_KEYS_MAX, "the key of {name} has more columns than a copy moves");\n'
    return ("/* Generated by server/store/migration/embed.py. */\n#include \"store/copy/copy_table.h\"\n\n#include <assert.h>\n#include <stddef.h>\n\n"
            f"const struct copy_table copy_tables[] = {{\n{rows}\t{{NULL, NULL, NULL, 0, NULL}},\n}};\n"
            f'static_assert({len(tables)} <= COPY_TABLES_MAX, "tables");\n{checks}')


def text_in_c(name, text):
    data = text.encode() + b"\0"
    lines = [f"static const char {name}[] = {{"]
    lines += ["\t" + "".join(f"{b if b < 128 else b - 256}," for b in data[i:i + 32]) for i in range(0, len(data), 32)]
    return "\n".join(lines + ["};"])


def main(output, copied, dependencies, folder):
    names = sorted(name for name in os.listdir(folder) if name.endswith(".sql"))
    migrations = read_migrations(folder, names)
    arrays, rows, tables = [], [], {}
    for number, (name, texts) in enumerate(migrations, 1):
        read_copied(f"{number:03}_{name}.postgres.sql", texts["postgres"], tables)
        arrays += [text_in_c(f"{database}_{number}", texts[database]) for database in DATABASES]
        rows.append(f'\t{{{number}, "{name}", sqlite_{number}, postgres_{number}}},')
    with open(output, "w", encoding="utf-8") as f:
        f.write("/* Generated by server/store/migration/embed.py. */\n#include \"store/migrations.h\"\n\n")
        f.write("\n\n".join(arrays))
        f.write("\n\nconst struct store_migration store_migrations[] = {\n" + "\n".join(rows) + "\n};\n")
        f.write("const int store_migrations_newest = sizeof store_migrations / sizeof *store_migrations;\n")
    with open(copied, "w", encoding="utf-8") as f:
        f.write(copied_in_c(tables))
    with open(dependencies, "w", encoding="utf-8") as f:
        watched = [folder] + [os.path.join(folder, name) for name in names]
        f.write(f"{output} {copied}: " + " ".join(path.replace(" ", "\\ ") for path in watched) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
