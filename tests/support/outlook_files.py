"""Writes the compound files that Outlook keeps a mail in, as MS-CFB and MS-OXMSG describe them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

SECTOR, MINI_SECTOR, MINI_LIMIT = 512, 64, 4096
END, FREE, FAT, NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)

Tree = Mapping[str, "bytes | Tree"]


def write_compound_file(path: Path, root: Tree) -> Path:
    """A compound file with these streams and, as mappings, storages."""
    entries: list[list] = []  # name, kind, left, right, child, data
    _add(entries, "Root Entry", root, 5)
    mini, mini_table = bytearray(), []
    for entry in entries:
        if entry[1] == 2 and len(entry[5]) < MINI_LIMIT:
            entry.append(_chain(mini_table, entry[5], mini, MINI_SECTOR) if entry[5] else END)
    sectors, table = bytearray(), []
    for entry in entries:
        if entry[1] == 2 and len(entry[5]) >= MINI_LIMIT:
            entry.append(_chain(table, entry[5], sectors, SECTOR))
    entries[0][5] = bytes(mini)
    entries[0].append(_chain(table, bytes(mini), sectors, SECTOR) if mini else END)
    mini_fat = struct.pack(f"<{len(mini_table)}I", *mini_table)
    mini_at = _chain(table, mini_fat, sectors, SECTOR, b"\xff") if mini_fat else END
    directory = b"".join(_entry(*(entry if entry[1] != 1 else [*entry, 0])) for entry in entries)
    directory_at = _chain(table, directory, sectors, SECTOR)
    count = 1
    while (len(table) + count) > count * SECTOR // 4:
        count += 1
    assert count <= 109
    places = list(range(len(table), len(table) + count))
    table += [FAT] * count
    sectors += struct.pack(f"<{len(table)}I", *table).ljust(count * SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    mini_count = -(-len(mini_fat) // SECTOR)
    header += struct.pack("<IIIIIIIII", 0, count, directory_at, 0, MINI_LIMIT, mini_at, mini_count, END, 0)
    header += struct.pack("<109I", *places, *[FREE] * (109 - count))
    path.write_bytes(header + sectors)
    return path


def _add(entries: list[list], name: str, content: bytes | Tree, kind: int) -> int:
    number = len(entries)
    is_stream = isinstance(content, bytes)
    entry = [name, 2 if is_stream else kind, NONE, NONE, NONE, content if is_stream else b""]
    entries.append(entry)
    if not is_stream:
        last = None
        for child in sorted(content, key=lambda name: (len(name), name.upper())):
            at = _add(entries, child, content[child], 1)
            if last is None:
                entry[4] = at
            else:
                entries[last][3] = at
            last = at
    return number


def _chain(table: list[int], data: bytes, sectors: bytearray, size: int, filler: bytes = b"\0") -> int:
    start, count = len(table), -(-len(data) // size)
    table += [*range(start + 1, start + count), END]
    sectors += data.ljust(count * size, filler)
    return start


def _entry(name: str, kind: int, left: int, right: int, child: int, data: bytes, start: int) -> bytes:
    encoded = name.encode("utf-16-le")
    packed = encoded.ljust(64, b"\0") + struct.pack("<HBBIII", len(encoded) + 2, kind, 1, left, right, child)
    return packed + bytes(36) + struct.pack("<IQ", start, len(data))


def properties(values: Mapping[int, str | int | bytes | datetime | Tree], header: int, *, codepage: str = "") -> Tree:
    """The streams that hold these properties: text as Unicode, or in a code page where one is named."""
    streams: dict[str, bytes | Tree] = {}
    fixed = b""
    for pid, value in values.items():
        packed = bytes(8)
        if isinstance(value, bool):
            kind, packed = 0x000B, struct.pack("<Q", value)
        elif isinstance(value, int):
            kind, packed = 0x0003, struct.pack("<q", value)
        elif isinstance(value, datetime):
            kind, packed = 0x0040, struct.pack("<Q", int((value - EPOCH).total_seconds()) * 10_000_000)
        elif isinstance(value, bytes):
            kind = 0x0102
            streams[f"__substg1.0_{pid:04X}0102"] = value
        elif isinstance(value, str):
            kind = 0x001E if codepage else 0x001F
            streams[f"__substg1.0_{pid:04X}{kind:04X}"] = value.encode(codepage or "utf-16-le")
        else:
            kind = 0x000D
            streams[f"__substg1.0_{pid:04X}000D"] = value
        fixed += struct.pack("<HHI", kind, pid, 6) + packed
    streams["__properties_version1.0"] = bytes(header) + fixed
    return streams


def message(
    values: Mapping[int, str | int | bytes | datetime | Tree],
    recipients: Sequence[Mapping[int, str | int | bytes | datetime | Tree]] = (),
    attachments: Sequence[Mapping[int, str | int | bytes | datetime | Tree]] = (),
    *,
    header: int = 32,
    codepage: str = "",
) -> Tree:
    """A message as a tree of streams; ``header`` is 24 for one within an attachment."""
    tree = dict(properties(values, header, codepage=codepage))
    tree |= {f"__recip_version1.0_#{n:08X}": properties(r, 8, codepage=codepage) for n, r in enumerate(recipients)}
    tree |= {f"__attach_version1.0_#{n:08X}": properties(a, 8, codepage=codepage) for n, a in enumerate(attachments)}
    return tree
