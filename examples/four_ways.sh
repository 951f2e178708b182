#!/usr/bin/env bash
# One program four ways: what each stage makes of it, and how long each way takes to run it.
# Usage: examples/four_ways.sh [PROGRAM [ARGUMENTS]]; PERILUNE names the command (default: perilune).
set -eu
TIMEFORMAT="%U s of processor time"
perilune=${PERILUNE:-perilune}
program=${1:-"$(dirname "$0")/sum.lua"}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 100000000
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

title() { printf '\n== %s\n' "$1"; }

title "the tree, which the walker runs"
"$perilune" dump --stage=ast "$program"
title "the bytecode, which the virtual machine runs"
"$perilune" dump "$program"
title "machine code that the JIT made of what the run had shown"
"$perilune" dump --stage=asm --live "$program" | head -n 40
title "machine code of the executable, made without a run"
"$perilune" dump --stage=asm --aot "$program" | head -n 40

title "the four ways, timed"
"$perilune" build --report=text -o "$folder/program" "$program"
for engine in tree vm jit; do
    printf '\n%s:\n' "$engine"
    time "$perilune" --engine="$engine" "$program" "$@"
done
printf '\nexecutable:\n'
time "$folder/program" "$@"
