# Completion of foregsyte for bash:  source <(foregsyte completion bash)
_foregsyte() {
  local line=${COMP_LINE:0:COMP_POINT} candidate description
  local -a candidates=() shown=()
  COMPREPLY=()
  while IFS=$'\t' read -r candidate description; do
    case $candidate in
      :files) compopt -o default ;; # readline quotes file names
      *)
        candidates+=("$candidate")
        shown+=("$candidate${description:+  ($description)}")
        ;;
    esac
  done < <("${COMP_WORDS[0]}" '[complete]' "${line#*"${COMP_WORDS[0]}"}" 2>/dev/null)
  # Descriptions only where bash lists the candidates (? and !) and inserts none of them.
  case ${COMP_TYPE:-9} in
    33 | 63 | 64) (( ${#candidates[@]} > 1 )) && COMPREPLY=("${shown[@]}") || COMPREPLY=("${candidates[@]}") ;;
    *) COMPREPLY=("${candidates[@]}") ;;
  esac
}
complete -F _foregsyte foregsyte
