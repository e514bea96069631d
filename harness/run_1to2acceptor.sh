#!/usr/bin/env bash
# A run that begins with 1 of the 3 acceptors: nothing may be learned. Then a second acceptor starts, and everything
# that the clients sent must be learned. run_1to2acceptor.sh PROJECT COUNT
. "$(dirname -- "${BASH_SOURCE[0]}")/steps.sh"

setup "$@"
acceptors=1
start_cluster
start_clients
pause "${HARNESS_WAIT_END:-5}"
check_nothing_learned
say "starting acceptor 2"
start "acceptor 2"
finish
