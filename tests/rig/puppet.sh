#!/bin/sh
# A stage that a test controls: `puppet.sh SOCKET NAME`. It reports its start and waits for an order. It can only
# exit; for anything else it becomes puppet.mjs, whose start takes twenty times the CPU time. While it lives, it
# keeps the first pipe open; orders come through the second one. Both are opened for reading and writing, since
# opening would block otherwise. It is started by its own name: each project reads the program of a command to
# its end, and Node has a hundred megabytes.
mkfifo "$1.$$.life" "$1.$$.orders"
exec 8<>"$1.$$.life" 9<>"$1.$$.orders"
printf '%s\t%s\t%s\t%s\n' "$$" "$2" "$PWD" "$PIPELINE_CONTEXT" >>"$1.hellos"
read -r order code <&9
[ "$order" = exit ] && exit "$code"
# Some shells export these.
exec env -u PWD -u OLDPWD -u SHLVL -u _ "${0%.sh}.mjs" "$@" 8>&- 9>&-
