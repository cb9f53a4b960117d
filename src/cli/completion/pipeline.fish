# In ~/.config/fish/config.fish:  pipeline completion fish | source
# Every word is asked of the program; where it knows nothing, files are offered.
function __pipeline_candidates
  set -l words (commandline -opc)
  set -l found ($words[1] complete -- $words[2..] (commandline -ct) 2> /dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c pipeline -f -a '(__pipeline_candidates)'
