# Completion of foregsyte for fish:  foregsyte completion fish | source
function __foregsyte_complete
    set -l words (commandline --tokenize --current-process --cut-at-cursor)
    set -l line (commandline --current-process --cut-at-cursor | string collect)
    for candidate in ($words[1] '[complete]' (string replace -- "$words[1]" '' "$line") 2>/dev/null)
        if test "$candidate" = ':files'
            __fish_complete_path (commandline --current-token --cut-at-cursor)
        else
            echo $candidate
        end
    end
end
complete --command foregsyte --no-files --arguments '(__foregsyte_complete)'
