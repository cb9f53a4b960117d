#compdef pipeline
# In ~/.zshrc, after compinit:  eval "$(pipeline completion zsh)"
# Every word is asked of the program; where it knows nothing, files are offered.
_pipeline() {
  local value description
  local -a values lines
  while IFS=$'\t' read -r value description; do
    values+=("$value")
    lines+=("$value${description:+  -- $description}")
  done < <("$words[1]" complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)
  if (( $#values )); then
    compadd -l -d lines -a values
  else
    _files
  fi
}
if [ "$funcstack[1]" = _pipeline ]; then _pipeline "$@"; else compdef _pipeline pipeline; fi
