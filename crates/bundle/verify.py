#!/usr/bin/env python3
"""Checks a blobferry bundle by FORMAT.md, with Python's standard library and nothing of blobferry.

    python3 verify.py DIRECTORY

Says every problem, one a line. Exit status: 0 whole, 2 usage, 3 not whole or no bundle. It does not
check signatures (ssh-keygen -Y verify does) or parity's arithmetic, and mends nothing.
"""
import datetime
import hashlib
import json
import os
import re
import stat
import sys

LARGEST, LONGEST_MANIFEST, LONGEST_TABLE = 2**53 - 1, 4 << 20, 192 << 20
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,9})?Z", re.ASCII)
HEADERS = ("cache_control", "content_disposition", "content_encoding", "content_language", "content_type")


class Refused(Exception):
    """The manifest cannot be believed."""


def need(holds, reason):
    if not holds:
        raise Refused(reason)


def canonical(raw):
    """The manifest's value; refuses every text but the one that the value has."""

    def fields(pairs):
        keys = [key.encode() for key, _ in pairs]
        need(all(a < b for a, b in zip(keys, keys[1:])), "keys are out of order or stand twice")
        return dict(pairs)

    def bounded(value, depth):
        if isinstance(value, (dict, list)):
            need(depth <= 8, "nested too deep")
            inner = value.values() if isinstance(value, dict) else value
            return 1 + sum(bounded(item, depth + 1) for item in inner)
        if isinstance(value, int):
            need(0 <= value <= LARGEST, "a number is out of range")
        need(not isinstance(value, float), "a number is no integer")
        return 1

    try:
        value = json.loads(raw.decode(), object_pairs_hook=fields)
        need(bounded(value, 1) <= 1 << 17, "too many values")
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
        need(text.encode() == raw, "not the canonical text of its content")
    except (ValueError, RecursionError) as error:
        raise Refused(f"no canonical JSON: {error}") from error
    return value


def get(where, name, kind, *default):
    need(isinstance(where, dict), f"the object with {name} is none")
    if default and name not in where:
        return default[0]
    need(type(where.get(name)) is kind, f"{name} is missing or no {kind.__name__}")
    return where[name]


def hexadecimal(where, name, digits=64):
    text = get(where, name, str)
    need(re.fullmatch(f"[0-9a-f]{{{digits}}}", text), f"{name} is no lower-case hexadecimal of {digits} digits")
    return text


def plain(text, least, most, what):
    need(least <= len(text.encode()) <= most, f"{what} is too short or too long")
    need(not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text), f"{what} holds a control character")
    return text


def check_words(manifest):
    """Everything that does not depend on the cut."""
    need(get(manifest, "format", str) == "blobferry-bundle", "format is another")
    version = get(manifest, "version", str)
    need(re.fullmatch(r"1\.(0|[1-9][0-9]{0,3})", version), f"version is {version!r}, this reads 1.x")
    created = TIME.fullmatch(get(manifest, "created", str))
    need(created, "created is no time")
    try:
        need(datetime.datetime(*map(int, created.groups()[:6])).year < 9999, "created is too late")
    except ValueError as error:
        raise Refused(f"created is no time: {error}") from error
    plain(get(manifest, "tool", str), 1, 128, "tool")
    blob = get(manifest, "blob", dict)
    name = plain(get(blob, "name", str), 1, 255, "blob.name")
    need(name not in (".", "..") and "/" not in name and "\\" not in name, "blob.name is a path")
    hexadecimal(blob, "md5", 32)
    hexadecimal(blob, "crc64", 16)
    if "content_md5" in blob:
        hexadecimal(blob, "content_md5", 32)
    metadata = get(blob, "metadata", dict)
    need(len(metadata) <= 512, "too much metadata")
    need(len({key.lower() for key in metadata}) == len(metadata), "metadata names differ by case only")
    total = 0
    for key in metadata:
        need(re.fullmatch("[!-~]+", key), "a metadata name has other characters")
        total += len(key) + len(plain(get(metadata, key, str), 0, 65536, "metadata").encode())
    total += sum(len(plain(get(blob, key, str, ""), 0, 65536, key).encode()) for key in HEADERS)
    need(total <= 65536, "metadata and headers are too long")
    if "chain" in manifest:
        chain = get(manifest, "chain", dict)
        need(re.fullmatch(r"[a-z0-9.-]{1,48}", get(chain, "channel", str)), "chain.channel")
        sequence = get(chain, "sequence", int)
        need(sequence >= 1 and (sequence > 1) == ("previous" in chain), "chain.sequence and chain.previous disagree")
        if "previous" in chain:
            hexadecimal(chain, "previous")


def cut(manifest):
    """The pieces in the table's order, (name, length, SHA-256) each, and the block size."""
    size, part = get(manifest["blob"], "size", int), get(manifest, "part_size", int)
    block = get(get(manifest, "blocks", dict), "size", int)
    need(4096 <= block <= 1 << 20 and block & (block - 1) == 0, "blocks.size is no block size")
    need(0 < part <= 1 << 42 and part % block == 0, "part_size is no part size")
    count = max(1, -(-size // part))
    need(count <= 9999, "too many parts")
    lengths = [min(part, size - number * part) for number in range(count)]
    groups, per_group, parity = 1, 0, []
    if "parity" in manifest:
        stated = get(manifest, "parity", dict)
        need(get(stated, "code", str) == "leopard-gf16-high", "parity.code is another")
        groups, per_group = get(stated, "groups", int), get(stated, "per_group", int)
        need(1 <= groups <= count and -(-count // groups) <= 32, "parity.groups does not fit the parts")
        need(1 <= per_group <= 32 and groups * per_group <= 999, "parity.per_group is out of range")
        parity = get(stated, "parts", list)
    names = [f"part-{number:04}" for number in range(count)]
    names += [f"parity-{number:03}" for number in range(groups * per_group)]
    lengths += [-(-lengths[number % groups] // 64) * 64 for number in range(groups * per_group)]
    stated = get(manifest, "parts", list)
    need((len(stated), len(parity)) == (count, groups * per_group), "the lists of pieces have other lengths")
    for piece, length in zip(stated + parity, lengths):
        need(get(piece, "size", int) == length, "the size of a piece contradicts the cut")
    need(sum(-(-length // block) for length in lengths) * 32 <= LONGEST_TABLE, "the table is too long")
    return list(zip(names, lengths, [hexadecimal(piece, "sha256") for piece in stated + parity])), block


def opened(directory, name, longest):
    """A regular file of at most `longest` bytes, never through a link."""
    path = os.path.join(directory, name)
    info = os.lstat(path)
    need(stat.S_ISREG(info.st_mode), f"{name} is no regular file")
    need(info.st_size <= longest, f"{name} is too long: {info.st_size} bytes, at most {longest}")
    return open(path, "rb")


def verify(directory):
    """Yields what is wrong."""
    with opened(directory, "manifest.json", LONGEST_MANIFEST) as file:
        raw = file.read(LONGEST_MANIFEST + 1)
    manifest = canonical(raw)
    check_words(manifest)
    pieces, block = cut(manifest)
    table_sha256 = hexadecimal(manifest["blocks"], "sha256")
    table_len = sum(-(-length // block) for _, length, _ in pieces) * 32
    with opened(directory, "blocks.sha256", table_len) as file:
        table = file.read()
    need(len(table) == table_len and hashlib.sha256(table).hexdigest() == table_sha256, "blocks.sha256 is damaged")
    sums = [(sha256, name) for name, _, sha256 in pieces]
    sums += [(table_sha256, "blocks.sha256"), (hashlib.sha256(raw).hexdigest(), "manifest.json")]
    wanted = "".join(f"{sha256}  {name}\n" for sha256, name in sums).encode()
    try:
        with opened(directory, "SHA256SUMS", len(wanted)) as file:
            if file.read() != wanted:
                yield "SHA256SUMS says something else than the manifest"
    except (OSError, Refused) as error:
        yield f"SHA256SUMS: {error}"
    blob, place = hashlib.sha256(), 0
    for name, length, sha256 in pieces:
        whole, bad = hashlib.sha256(), []
        try:
            with opened(directory, name, length) as file:
                for number in range(-(-length // block)):
                    data = file.read(block)
                    whole.update(data)
                    if name.startswith("part-"):
                        blob.update(data)
                    if hashlib.sha256(data).digest() != table[place + 32 * number:][:32]:
                        bad.append(number)
        except (OSError, Refused) as error:
            yield f"{name}: {error}"
            whole = None
        place += -(-length // block) * 32
        if bad:
            yield f"{name}: damaged in {len(bad)} blocks, the first is {bad[0]}"
        elif whole and whole.hexdigest() != sha256:
            yield f"{name}: another SHA-256"
    if blob.hexdigest() != hexadecimal(manifest["blob"], "sha256"):
        yield "the blob has another SHA-256"
    known = {name for _, name in sums} | {"SHA256SUMS", "manifest.json.sig"}
    known |= {f"manifest.json.{number}.sig" for number in range(2, 17)}
    for name in sorted(set(os.listdir(directory)) - known):
        if not name.startswith((".", "damaged-")):
            yield f"{name!a} does not belong to the bundle"


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        problems = list(verify(sys.argv[1]))
    except (OSError, Refused) as error:
        problems = [str(error)]
    print("\n".join(problems) if problems else "whole")
    return 3 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
