# Completion of foregsyte for bash:  source <(foregsyte completion bash)
_foregsyte() {
  local line=${COMP_LINE:0:COMP_POINT} candidate
  COMPREPLY=()
  while IFS=$'\t' read -r candidate _; do
    case $candidate in
      :files) compopt -o default ;; # readline quotes file names
      *) COMPREPLY+=("$candidate") ;;
    esac
  done < <("${COMP_WORDS[0]}" '[complete]' "${line#*"${COMP_WORDS[0]}"}" 2>/dev/null)
}
complete -F _foregsyte foregsyte
