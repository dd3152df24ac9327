# Completion of egressc in bash, 4 or newer. Written by docs/generate.py from what egressc says of itself.

_egressc() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= flags= words= list= files= each
    local codes='EGR001 EGR002 EGR003 EGR004 EGR005 EGR006 EGR007 EGR008 EGR101 EGR102 EGR103 EGR104 EGR105 EGR106 EGR107 EGR201 EGR202 EGR203 EGR204 EGR205 EGR206 EGR207 EGR301 EGR302 EGR303 EGR304 EGR305 EGR306 EGR307 EGR308 EGR309 EGR310 EGR401 EGR402 EGR403 EGR404 EGR405 EGR406 EGR407 EGR408 EGR501 EGR502 EGR503 EGR504 EGR505 EGR506 EGR507 EGR508 EGR509 EGR510 EGR511 EGR512 EGR601 EGR602 EGR603 EGR604 EGR605 EGR606 EGR607 EGR608 EGR609 EGR610 EGR611 EGR612 EGR613 EGR614 EGR615 EGR616 EGR617 EGR618 EGR619 EGR620 EGR621 EGR622 EGR623 EGR624 EGR625 EGR626 EGR627 EGR628 EGR629 EGR630 EGR631 EGR632 EGR633 EGR634 EGR635 EGR636 EGR637 EGR638 EGR639 EGR640 EGR641 EGR642 EGR701 EGR901 EGR902'
    for each in "${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
        case $each in
            compile | check | fmt | test | explain | diff | analyze | graph | alerts | audit | learn | import | profile | kustomize | init | completion) command=$each && break ;;
        esac
    done
    if [[ $word == = ]]; then # `--format=json` is three words here
        word=
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $command in
        '') flags='--help --version' words='compile check fmt test explain diff analyze graph alerts audit learn import profile kustomize init completion' ;;
        compile)
            case $before in
                -p | --profile | --output-file) files=file ;;
                --format) words='text concise json sarif github gitlab junit markdown' ;;
                --fail-on) words='error warning note' ;;
                --select | --ignore) list=$codes ;;
                --color) words='auto always never' ;;
                --today | --limit | --namespace) : ;;
                -o | --output) files=directory ;;
                --kinds) list='ServiceEntry Sidecar IstioOperator values Istio' ;;
                --installation) words='istio helm sail' ;;
                *) flags='-p --profile --format --fail-on --select --ignore --output-file --color --today -q --quiet -v --verbose --limit -o --output --check --tracked --kinds --namespace --installation -h --help' files=file ;;
            esac
            ;;
        check)
            case $before in
                -p | --profile | --output-file) files=file ;;
                --format) words='text concise json sarif github gitlab junit markdown' ;;
                --fail-on) words='error warning note' ;;
                --select | --ignore) list=$codes ;;
                --color) words='auto always never' ;;
                --today | --limit) : ;;
                *) flags='-p --profile --format --fail-on --select --ignore --output-file --fix --diff --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        fmt)
            case $before in
                --color) words='auto always never' ;;
                --limit) : ;;
                *) flags='--check --diff --color -q --quiet --limit -h --help' files=file ;;
            esac
            ;;
        test)
            case $before in
                -p | --profile) files=file ;;
                --format) words='text json junit' ;;
                --color) words='auto always never' ;;
                --today | --limit) : ;;
                *) flags='-p --profile --format --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        explain)
            case $before in
                -p | --profile | --manifests) files=file ;;
                --format) words='text json csv' ;;
                --color) words='auto always never' ;;
                --today | --limit) : ;;
                *) flags='-p --profile --manifests --format --color --today -q --quiet -v --verbose --limit -h --help' words=$codes files=file ;;
            esac
            ;;
        diff)
            case $before in
                -p | --profile | --base-profile | --manifests) files=file ;;
                --base | --today | --limit) : ;;
                --fail-if) words='widened changed' ;;
                --format) words='text json markdown sarif' ;;
                --color) words='auto always never' ;;
                *) flags='-p --profile --base --base-profile --manifests --fail-if --format --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        analyze)
            case $before in
                -p | --profile | --output-file) files=file ;;
                --egress) words='table json csv' ;;
                --format) words='text concise json sarif github gitlab junit markdown' ;;
                --fail-on) words='error warning note' ;;
                --select | --ignore) list=$codes ;;
                --color) words='auto always never' ;;
                --today | --limit) : ;;
                *) flags='-p --profile --egress --format --fail-on --select --ignore --output-file --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        graph)
            case $before in
                -p | --profile | --bearer-token-file | --basic-auth-file | --client-certificate | --client-key | --ca-file | -o | --output) files=file ;;
                --prometheus | --since | --cluster-label | --access-log | --tenant | --timeout | --retries | --today | --limit) : ;;
                --format) words='html json dot mermaid' ;;
                --color) words='auto always never' ;;
                *) flags='-p --profile --prometheus --since --cluster-label --access-log --bearer-token-file --basic-auth-file --client-certificate --client-key --ca-file --tenant --timeout --retries --format -o --output --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        alerts)
            case $before in
                -p | --profile | -o | --output) files=file ;;
                --format) words='rules prometheusrule dashboard' ;;
                --cluster-label | --today | --limit) : ;;
                --fail-on) words='error warning note' ;;
                --select | --ignore) list=$codes ;;
                --color) words='auto always never' ;;
                *) flags='-p --profile --format --cluster-label -o --output --fail-on --select --ignore --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        audit)
            case $before in
                -p | --profile | --bearer-token-file | --basic-auth-file | --client-certificate | --client-key | --ca-file | --output-file) files=file ;;
                --prometheus | --since | --cluster-label | --access-log | --tenant | --timeout | --retries | --today | --limit) : ;;
                --format) words='text json sarif' ;;
                --fail-on) list='unused blocked passed-through lost outside out-of-region nameless incomplete not-ready' ;;
                --color) words='auto always never' ;;
                *) flags='-p --profile --prometheus --since --cluster-label --access-log --bearer-token-file --basic-auth-file --client-certificate --client-key --ca-file --tenant --timeout --retries --ready --format --fail-on --output-file --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        learn)
            case $before in
                -p | --profile | --bearer-token-file | --basic-auth-file | --client-certificate | --client-key | --ca-file | -o | --output) files=file ;;
                --prometheus | --since | --cluster-label | --access-log | --tenant | --timeout | --retries | --wildcard | --attribute | --today | --limit) : ;;
                --color) words='auto always never' ;;
                *) flags='-p --profile --prometheus --since --cluster-label --access-log --bearer-token-file --basic-auth-file --client-certificate --client-key --ca-file --tenant --timeout --retries --wildcard --attempted --attribute -o --output --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        import)
            case $before in
                -p | --profile | -o | --profile-output) files=file ;;
                --color) words='auto always never' ;;
                --today | --limit) : ;;
                *) flags='-p --profile -o --profile-output --strict --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        profile)
            case $before in
                -o | --output-file) files=file ;;
                --name | -n | --namespace | --today | --limit) : ;;
                --format) words='text concise json sarif github gitlab junit markdown' ;;
                --fail-on) words='error warning note' ;;
                --select | --ignore) list=$codes ;;
                --color) words='auto always never' ;;
                *) flags='-o --name -n --namespace --prune --check --only-profiles --format --fail-on --select --ignore --output-file --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        kustomize)
            case $before in
                --plugin-home) files=directory ;;
                --format) words='text concise json sarif github gitlab junit markdown' ;;
                --color) words='auto always never' ;;
                --today | --limit) : ;;
                *) flags='--plugin-home --format --color --today -q --quiet -v --verbose --limit -h --help' files=file ;;
            esac
            ;;
        init)
            case $before in
                --ci) words='github gitlab none' ;;
                --hooks-repo | --hooks-rev | --limit) : ;;
                *) flags='--ci --hooks-repo --hooks-rev --limit -h --help' files=directory ;;
            esac
            ;;
        completion)
            case $before in
                *) flags='-h --help' words='bash fish zsh' ;;
            esac
            ;;
    esac
    if [[ $list ]]; then
        each=${word%"${word##*,}"}
        mapfile -t COMPREPLY < <(compgen -P "$each" -W "$list" -- "${word##*,}")
        compopt -o nospace
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
        if [[ $files ]]; then
            compopt -o filenames
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -A "$files" -- "$word")
        fi
    fi
}
complete -F _egressc egressc
