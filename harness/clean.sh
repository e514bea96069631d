#!/usr/bin/env bash
# Removes what runs have left: the files of the last run, and the data of every run that has ended.
# Nothing needs it; a new run starts empty and clears ended runs by itself.
cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
rm -rf -- "${HARNESS_OUT:-out}"
exec bash "$PWD/paxos/role.sh" clean
