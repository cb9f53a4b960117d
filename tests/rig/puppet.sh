#!/bin/sh
# A stage whose strings the test holds: `puppet.sh SOCKET NAME`. It says hello and waits to be told to exit; for
# anything else it becomes puppet.mjs, whose start takes twenty times the CPU time. That it lives is told by what
# it holds open; its orders come through the other pipe, which it holds open for writing too, so that opening
# waits for nobody. It is started by its own name: each project reads the program of a command to its end, and Node
# has a hundred megabytes.
mkfifo "$1.$$.life" "$1.$$.orders"
exec 8<>"$1.$$.life" 9<>"$1.$$.orders"
printf '%s\t%s\t%s\t%s\n' "$$" "$2" "$PWD" "$PIPELINE_CONTEXT" >>"$1.hellos"
read -r order code <&9
[ "$order" = exit ] && exit "$code"
# Some shells export these.
exec env -u PWD -u OLDPWD -u SHLVL -u _ "${0%.sh}.mjs" "$@" 8>&- 9>&-
