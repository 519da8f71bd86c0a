"""The writes that took effect; the twin of ../model-server/ledger.ts, in the same file format."""

import os
import re

WRITE_ID = re.compile(r"[\x21-\x7e]{1,200}")
IDS_MAX = 1_000_000


class Ledger:
    def __init__(self, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self._path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def append(self, write):
        """One write(2) with O_APPEND; raises when the record is not there in full."""
        record = f"\n{write}\n".encode("ascii")
        written = os.write(self._descriptor, record)
        if written != len(record):
            raise OSError(f"ledger: {written} of {len(record)} bytes")

    def applied(self, prefix):
        counts = {}
        with open(self._path, encoding="latin-1", newline="\n") as lines:
            for line in lines:
                write = line.rstrip("\n")
                if not write or not write.startswith(prefix):
                    continue
                counts[write] = counts.get(write, 0) + 1
                if len(counts) > IDS_MAX:
                    raise OSError(f"ledger: more than {IDS_MAX} ids")
        return counts
