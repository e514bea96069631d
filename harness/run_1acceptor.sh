#!/usr/bin/env bash
# A run with 1 of the 3 acceptors, which is no majority: nothing may be learned. run_1acceptor.sh PROJECT COUNT
. "$(dirname -- "${BASH_SOURCE[0]}")/steps.sh"

setup "$@"
acceptors=1
start_cluster
start_clients
pause "${HARNESS_WAIT_END:-5}"
check_nothing_learned
check_running
end_roles TERM
((failures == 0))
