"""What Python's pickle reads from the lines of protocol 0: python pickle-lines.py (CPython 3.11 or newer,
nothing else)."""

import json
import pickle

FLOATS = [
    "1.5",
    "-1.5",
    "+1.5",
    "1.",
    ".5",
    "1e5",
    "1E-5",
    "-0",
    "00.5",
    "inf",
    "-inf",
    "+INF",
    "Infinity",
    "-infinity",
    "nan",
    "-nan",
    "NaN",
    "1e308",
    "1e309",
    "5e-324",
    "",
    "-",
    ".",
    "1e",
    "0x10",
    "1_0",
    " 1",
    "1 ",
    "infinit",
    "nano",
    "1.5.5",
    "e5",
]
INTEGERS = [
    "0",
    "7",
    "-7",
    "00",
    "01",
    "9007199254740993",
    "-9007199254740993",
    "",
    "-",
    "1.5",
    "1e3",
    "seven",
    "7 7",
]
STRINGS = [
    "'a'",
    '"a"',
    "''",
    "'it\"s'",
    '"it\'s"',
    "a",
    "'a",
    "a'",
    "'",
    "'a\"",
    r"'\x41\x62'",
    r"'\x4'",
    r"'\x'",
    r"'\xg1'",
    r"'\101\60\0'",
    r"'\1012'",
    r"'\777'",
    r"'\n\r\t\a\b\f\v'",
    r"'\\'",
    r"'\\x41'",
    r"'\''",
    r"'\"'",
    r"'\q\N{BULLET}\u0041'",
    r"'\xc3\xa9'",
    r"'\xe9'",
    "'\xc3\xa9'",
    "'\xe9'",
    r"'a\'",
    r"'\8'",
]
TEXTS = [
    "",
    "weight",
    r"\u00e9",
    r"\u00E9",
    r"\U0001F600",
    r"\U00110000",
    r"\u00e",
    r"\u",
    r"\U0001F60",
    "\xe9",
    "\xc3\xa9",
    r"\x41",
    r"\n",
    r"\N{BULLET}",
    "\\",
    r"a\\",
    r"\\u0041",
    r"\\\u0041",
    r"\u005cu0041",
    r"\u005c",
    "'quoted'",
    r"\u000a",
    r"\ug000",
    r"\U0000004100",
]


def read(opcode, line):
    """The value, or null where Python refuses the line. `encoding` is torch's."""
    try:
        value = pickle.loads(opcode + line.encode("latin-1") + b"\n.", encoding="utf-8")
    except Exception:
        return {"line": line}
    return {"line": line, "value": repr(value) if isinstance(value, (float, int)) else value}


tables = {
    "FLOAT": (b"F", FLOATS),
    "INT": (b"I", INTEGERS),
    "STRING": (b"S", STRINGS),
    "UNICODE": (b"V", TEXTS),
}
with open("pickle-lines.json", "w", encoding="ascii") as file:
    json.dump(
        {name: [read(opcode, line) for line in lines] for name, (opcode, lines) in tables.items()},
        file,
        indent=1,
    )
    file.write("\n")
