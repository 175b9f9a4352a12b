"""Turns the files of the browser client into one C file (see assets.h), and the documents of the protocol. Python's standard library only.

usage: embed.py OUTPUT.c [--depfile FILE] FILE... [--documents FOLDER FILE...]

* A FILE that is a folder stands for the files in it. The depfile tells the build what to watch: the files, and the folder itself, so that a new file is noticed
  without being listed anywhere.
* The ES modules are joined into the one the page names, so that the first load takes few requests. Joining is plain: `import` lines go,
  the word `export` goes, and each module comes after those it imports. So the modules may use named imports without `as` and
  named exports only, and no two modules may have the same name at their top level; the browser refuses the page's script otherwise.
* A module component_NAME.js is joined although nobody imports it, in front of the one the page names (see components.js), and a
  component_NAME.css is joined to the page's style sheet.
* A file that index.html names gets a hash of its content into its own name and may be cached for ever.
* Documents are served below FOLDER as they are: schema.json as FOLDER/schema, the others under their names.
* The result depends on nothing but the content of the files: building twice gives the same bytes.
"""

import glob
import gzip
import hashlib
import os
import re
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".yaml": "application/yaml",
    ".md": "text/markdown; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
}
SCHEMA = "schema.json"
PAGE = "index.html"
COMPONENT = "component_"
IMPORT = re.compile(r"^import\s*\{([^}]*)\}\s*from\s*'\./([a-z_]+\.js)';\n", re.M)
EXPORT = re.compile(r"^export (?=(?:const|let|function|async function|class) )", re.M)


def join_modules(entry, modules):
    """The text of the entry module with everything it imports in front of it."""
    joined, under_way, parts = set(), [], []

    def add(name):
        if name in joined:
            return
        if name in under_way:
            sys.exit(f"embed.py: modules import each other in a circle: {' '.join(under_way)} {name}")
        if name not in modules:
            sys.exit(f"embed.py: {under_way[-1]} imports {name}, which is not listed")
        under_way.append(name)
        text = modules[name]
        for names, other in IMPORT.findall(text):
            if " as " in names:
                sys.exit(f"embed.py: {name}: an import must keep its name")
            add(other)
        text = EXPORT.sub("", IMPORT.sub("", text))
        left = re.search(r"^(?:import|export)\b.*", text, re.M)
        if left:
            sys.exit(f"embed.py: {name}: only named imports and named exports can be joined, not: {left.group()}")
        under_way.pop()
        joined.add(name)
        parts.append(text.strip() + "\n")

    for component in sorted(name for name in modules if name.startswith(COMPONENT)):
        add(component)
    add(entry)
    return "\n".join(parts)


def bundle(files):
    """{name: bytes} as written to {name: (bytes, immutable)} as served."""
    modules = {name: data.decode() for name, data in files.items() if name.endswith(".js")}
    served = {name: data for name, data in files.items() if name not in modules}
    page = served.pop(PAGE).decode()
    for name in modules:
        if f'"/{name}"' in page:
            served[name] = join_modules(name, modules).encode()
    styles = [served.pop(name) for name in sorted(served) if name.startswith(COMPONENT) and name.endswith(".css")]
    for name in served:
        if name.endswith(".css") and f'"/{name}"' in page:
            served[name] = b"\n".join([served[name], *styles])
    result = {}
    for name, data in served.items():
        stem, extension = os.path.splitext(name)
        hashed = f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}{extension}"
        named = f'"/{name}"' in page
        page = page.replace(f'"/{name}"', f'"/{hashed}"')
        result[hashed if named else name] = (data, named)
    result[PAGE] = (page.encode(), False)
    return result


def bytes_in_c(name, data):
    lines = [f"static const uint8_t {name}[] = {{"]
    lines += ["\t" + "".join(f"{b}," for b in data[i:i + 32]) for i in range(0, len(data), 32)]
    return "\n".join(lines + ["};"])


def all_files(paths):
    """The paths, and of folders what is in them."""
    return [file for path in paths for file in (sorted(glob.glob(os.path.join(path, "*"))) if os.path.isdir(path) else [path])]


def write_depfile(depfile, output, paths):
    watched = [os.path.abspath(path).replace(" ", "\\ ") for path in [__file__, *paths, *all_files(paths)]]
    with open(depfile, "w", encoding="utf-8") as f:
        f.write(f"{output}: {' '.join(watched)}\n")


def read(paths):
    files = {}
    for path in all_files(paths):
        with open(path, "rb") as f:
            files[os.path.basename(path)] = f.read()
    return files


def documents(folder, paths):
    """{path: (bytes, immutable, Content-Type)}"""
    return {f"{folder}/{'schema' if name == SCHEMA else name}": (data, False, type_of(name)) for name, data in read(paths).items()}


def type_of(name):
    content_type = TYPES.get(os.path.splitext(name)[1])
    if content_type is None:
        sys.exit(f"embed.py: {name}: no Content-Type is known for it")
    return content_type


def main(output, arguments):
    depfile, arguments = (arguments[1], arguments[2:]) if arguments[0] == "--depfile" else (None, arguments)
    at = arguments.index("--documents") if "--documents" in arguments else len(arguments)
    if depfile:
        write_depfile(depfile, output, arguments[:at] + arguments[at + 2:])
    served = {name: (data, immutable, type_of(name)) for name, (data, immutable) in bundle(read(arguments[:at])).items()}
    if at < len(arguments):
        served |= documents(arguments[at + 1], arguments[at + 2:])
    arrays, rows = [], []
    for number, (name, (data, immutable, content_type)) in enumerate(sorted(served.items())):
        packed = gzip.compress(data, 9, mtime=0)
        arrays.append(bytes_in_c(f"raw_{number}", data))
        if len(packed) < len(data):
            arrays.append(bytes_in_c(f"gzip_{number}", packed))
            gzip_fields = f"gzip_{number}, sizeof gzip_{number}"
        else:
            gzip_fields = "NULL, 0"
        etag = hashlib.sha256(data).hexdigest()[:32]
        rows.append(f'\t{{"/{name}", "{content_type}", "\\"{etag}\\"", raw_{number}, sizeof raw_{number}, '
                    f"{gzip_fields}, {'true' if immutable else 'false'}}},")
    with open(output, "w") as f:
        f.write("/* Generated by web/embed.py from web/src. */\n#include \"web/assets.h\"\n\n")
        f.write("\n\n".join(arrays))
        f.write("\n\nconst struct web_asset web_assets[] = {\n" + "\n".join(rows) + "\n};\n")
        f.write("const size_t n_web_assets = sizeof web_assets / sizeof *web_assets;\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
