#!/bin/sh
# Bazel's tests begin with a script: it runs what it is given.
exec "$@"
