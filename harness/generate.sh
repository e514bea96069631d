#!/usr/bin/env bash
# Prints COUNT random numbers from 0 to 32767, one a line: generate.sh COUNT [SEED]
[[ ${1-} =~ ^[0-9]+$ ]] || { echo "usage: generate.sh COUNT [SEED]" >&2; exit 2; }
exec awk -v count="$1" -v seed="${2:-$((RANDOM * 32768 + RANDOM))}" \
    'BEGIN { srand(seed); for (i = 0; i < count; i++) print int(rand() * 32768) }'
