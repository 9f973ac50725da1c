#!/bin/bash
# A linker that writes an empty file where it is told to.
while [ $# -gt 0 ]; do
  case $1 in
  -o | --output) : >"$2"; exit 0 ;;
  --output=*) : >"${1#--output=}"; exit 0 ;;
  esac
  shift
done
