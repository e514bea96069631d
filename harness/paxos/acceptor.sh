#!/usr/bin/env bash
# Becomes acceptor ID of the cluster in CONF: acceptor.sh ID CONF
exec bash "$(dirname -- "$(readlink -f -- "$0")")/role.sh" acceptor "$@"
