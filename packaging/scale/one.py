#!/usr/bin/env python3
"""One process, for comparison: one.py TARGETS PLACE..."""
import sys

from lines import lines, objects, show, totals

if __name__ == "__main__":
    show(totals(lines(objects(sys.argv[2:]), sys.argv[1])))
