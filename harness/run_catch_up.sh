#!/usr/bin/env bash
# A learner that comes late: client 1 sends its values, then one learner more is started, then the other clients
# send theirs. The late learner must print the same list as the others. run_catch_up.sh PROJECT COUNT
. "$(dirname -- "${BASH_SOURCE[0]}")/steps.sh"

setup "$@"
start_cluster
say "starting client 1"
start "client 1"
pause "${HARNESS_WAIT_END:-5}"
finish_clients
say "starting the late learner $((learners + 1))"
start "learner $((learners + 1))"
clients_began=$EPOCHREALTIME
say "starting the other clients"
for ((id = 2; id <= clients; id++)); do
    start "client $id"
done
finish
