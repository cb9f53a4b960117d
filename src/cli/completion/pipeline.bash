# In ~/.bashrc:  eval "$(pipeline completion bash)"
# Every word is asked of the program; where it knows nothing, files are offered. Runs on bash 3.2 and later.
_pipeline() {
  local line=${COMP_LINE:0:COMP_POINT} word kept value description
  local -a words
  read -ra words <<< "$line"
  case $line in *[[:space:]]) words+=('') ;; esac
  # What stands before a word break, as ":" is one, is not part of what is replaced.
  word=${words[${#words[@]}-1]}
  kept=${COMP_WORDBREAKS//[!:=]/}
  [ -n "$kept" ] && kept=${word%"${word##*[$kept]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r value description; do
    COMPREPLY+=("${value#"$kept"}")
  done < <("$1" complete -- "${words[@]:1}" 2> /dev/null)
}
complete -o default -F _pipeline pipeline
