# SPDX-License-Identifier: Apache-2.0
"""Whether HDF5 1.8 can read a file: the versions of its superblock and of every message of its
objects are looked up in its bytes. Newer libraries write newer ones unless they are told not to.

usage: old_hdf5.py FILE"""
import struct
import sys

import h5py

# What 1.8 reads of each kind of message: dataspace, datatype, fill value, layout, filters, attribute,
# link and group information. Messages that are not listed came later.
MOST = {0x1: 2, 0x2: 0, 0x3: 3, 0x5: 3, 0x6: 1, 0x8: 3, 0xA: 0, 0xB: 2, 0xC: 3, 0x10: None, 0x0: None,
        0x15: 0, 0x12: 1}
data = open(sys.argv[1], "rb").read()


def messages(addr):
    """Kind and first byte of each message of an object header of version 2."""
    if data[addr] == 1:  # the form of before 1.8
        return
    assert data[addr : addr + 4] == b"OHDR" and data[addr + 4] == 2, hex(addr)
    flags = data[addr + 5]
    at = addr + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    blocks = [(at + width, int.from_bytes(data[at : at + width], "little"))]
    for start, length in blocks:
        at = start
        while at + 4 <= start + length:
            kind, size = data[at], struct.unpack_from("<H", data, at + 1)[0]
            at += 6 if flags & 0x4 else 4
            if kind == 0x10:  # more of them elsewhere, between a signature and a checksum
                where, many = struct.unpack_from("<QQ", data, at)
                blocks.append((where + 4, many - 8))
            yield kind, data[at]
            at += size


wrong = [] if data[8] <= 2 else [f"superblock of version {data[8]}"]
seen = 0
with h5py.File(sys.argv[1]) as f:
    objects = {"/": f["/"]}
    old = f.attrs["format_version"] == 1  # as HDF5 before 1.8 wrote it
    f.visititems(lambda name, item: objects.update({name: item}))
    for name, item in objects.items():
        for kind, first in messages(h5py.h5o.get_info(item.id).addr):
            version = first >> 4 if kind == 0x3 else first
            seen += 1
            if kind not in MOST or (MOST[kind] is not None and version > MOST[kind]):
                wrong.append(f"{name}: message {kind:#x} of version {version}")
print("\n".join(wrong) if wrong else f"{old or seen > 100}")
sys.exit(bool(wrong))
