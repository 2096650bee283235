# Completion of foregsyte for zsh, after compinit:  source <(foregsyte completion zsh)
_foregsyte() {
  local -a candidates
  local line files= added=1
  for line in "${(@f)$("${words[1]}" '[complete]' "${(j: :)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) files=1 ;;
      *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe 'foregsyte' candidates && added=0
  [[ -n $files ]] && _files && added=0
  return added
}
compdef _foregsyte foregsyte
