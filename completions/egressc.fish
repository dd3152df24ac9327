# Completion of egressc in fish. Written by docs/generate.py from what egressc says of itself.

function __egressc_codes
    string split ' ' -- 'EGR001 EGR002 EGR003 EGR004 EGR005 EGR006 EGR007 EGR101 EGR102 EGR103 EGR104 EGR105 EGR106 EGR107 EGR201 EGR202 EGR203 EGR204 EGR205 EGR206 EGR207 EGR301 EGR302 EGR303 EGR304 EGR305 EGR306 EGR307 EGR308 EGR309 EGR310 EGR401 EGR402 EGR403 EGR404 EGR405 EGR406 EGR407 EGR408 EGR501 EGR502 EGR503 EGR504 EGR505 EGR506 EGR507 EGR508 EGR509 EGR510 EGR511 EGR512 EGR901 EGR902'
end

complete -c egressc -f
complete -c egressc -n '__fish_use_subcommand' -l help -d 'show this help message and exit'
complete -c egressc -n '__fish_use_subcommand' -l version -d 'show program\'s version number and exit'
complete -c egressc -n '__fish_use_subcommand' -a compile -d 'Turn a policy into ServiceEntries, Sidecars and the installation.'
complete -c egressc -n '__fish_use_subcommand' -a check -d 'Tell every finding, write nothing unless it is to fix.'
complete -c egressc -n '__fish_use_subcommand' -a fmt -d 'Write policy files in their canonical form, in place.'
complete -c egressc -n '__fish_use_subcommand' -a test -d 'Judge the expect lines of a policy, one line each.'
complete -c egressc -n '__fish_use_subcommand' -a explain -d 'Say what becomes of a flow: allowed or blocked, by which rule, through what, and what the client sees.'
complete -c egressc -n '__fish_use_subcommand' -a graph -d 'Draw who may reach what, by which rule, and what becomes of everything else.'
complete -c egressc -n '__fish_use_subcommand' -a alerts -d 'Write Prometheus rules that tell when traffic and policy part, or a Grafana dashboard of both.'
complete -c egressc -n '__fish_use_subcommand' -a profile -d 'Tell what is wrong with profiles, without a policy.'
complete -c egressc -n '__fish_use_subcommand' -a kustomize -d 'Be a generator and validator of kustomize, install the plugin, or compare a build with a policy.'
complete -c egressc -n '__fish_use_subcommand' -a init -d 'Make a first policy, profile, configuration, hook and CI file, without changing what stands already.'
complete -c egressc -n '__fish_use_subcommand' -a completion -d 'Print what makes a shell complete the command line.'

complete -c egressc -n '__fish_seen_subcommand_from compile' -F
complete -c egressc -n '__fish_seen_subcommand_from compile' -s p -l profile -r -F -d 'a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default: what egressc.toml says)'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l format -x -a 'text concise json sarif github gitlab junit markdown' -d 'how findings are written (default: text)'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l fail-on -x -a 'error warning note' -d 'the least severity that fails (default: what egressc.toml says, else error)'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l select -x -a '(__fish_complete_list , __egressc_codes)' -d 'of warnings and notes tell only these: codes, names, or the start of codes such as EGR3'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l ignore -x -a '(__fish_complete_list , __egressc_codes)' -d 'hide these warnings and notes; errors are always told'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l output-file -r -F -d 'write the report there'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from compile' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from compile' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from compile' -s o -l output -x -a '(__fish_complete_directories)' -d 'write files there instead of one text to standard output (default: what egressc.toml says; - is standard output)'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l check -d 'write nothing; fail if what stands in DIR is not what the policy compiles to'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l tracked -d 'with --check, fail for a file in DIR that git does not track, too'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l kinds -x -a '(__fish_complete_list , "string split \" \" -- ServiceEntry Sidecar IstioOperator values Istio")' -d 'only these kinds: ServiceEntry, Sidecar, IstioOperator, values, Istio'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l namespace -x -d 'emit this namespace alone; the whole policy is checked'
complete -c egressc -n '__fish_seen_subcommand_from compile' -l installation -x -a 'istio helm sail' -d 'how the installation is written (default: as it was read, else istio)'
complete -c egressc -n '__fish_seen_subcommand_from compile' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from check' -F
complete -c egressc -n '__fish_seen_subcommand_from check' -s p -l profile -r -F -d 'a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default: what egressc.toml says)'
complete -c egressc -n '__fish_seen_subcommand_from check' -l format -x -a 'text concise json sarif github gitlab junit markdown' -d 'how findings are written (default: text)'
complete -c egressc -n '__fish_seen_subcommand_from check' -l fail-on -x -a 'error warning note' -d 'the least severity that fails (default: what egressc.toml says, else error)'
complete -c egressc -n '__fish_seen_subcommand_from check' -l select -x -a '(__fish_complete_list , __egressc_codes)' -d 'of warnings and notes tell only these: codes, names, or the start of codes such as EGR3'
complete -c egressc -n '__fish_seen_subcommand_from check' -l ignore -x -a '(__fish_complete_list , __egressc_codes)' -d 'hide these warnings and notes; errors are always told'
complete -c egressc -n '__fish_seen_subcommand_from check' -l output-file -r -F -d 'write the report there'
complete -c egressc -n '__fish_seen_subcommand_from check' -l fix -d 'apply the fixes that cannot widen the policy'
complete -c egressc -n '__fish_seen_subcommand_from check' -l diff -d 'show what --fix would change as a unified diff, and write nothing'
complete -c egressc -n '__fish_seen_subcommand_from check' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from check' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from check' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from check' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from check' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from fmt' -F
complete -c egressc -n '__fish_seen_subcommand_from fmt' -l check -d 'write nothing; name the files that would change, and fail if there are any'
complete -c egressc -n '__fish_seen_subcommand_from fmt' -l diff -d 'write nothing; show the changes as a unified diff, and fail if there are any'
complete -c egressc -n '__fish_seen_subcommand_from fmt' -l color -x -a 'auto always never' -d 'colours of what is told of files that do not parse'
complete -c egressc -n '__fish_seen_subcommand_from fmt' -s q -l quiet -d 'do not say how many files were formatted'
complete -c egressc -n '__fish_seen_subcommand_from fmt' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from test' -F
complete -c egressc -n '__fish_seen_subcommand_from test' -s p -l profile -r -F -d 'a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default: what egressc.toml says)'
complete -c egressc -n '__fish_seen_subcommand_from test' -l format -x -a 'text json junit' -d 'how the lines are written (default: text)'
complete -c egressc -n '__fish_seen_subcommand_from test' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from test' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from test' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from test' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from test' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from explain' -a '(__egressc_codes)'
complete -c egressc -n '__fish_seen_subcommand_from explain' -F
complete -c egressc -n '__fish_seen_subcommand_from explain' -s p -l profile -r -F -d 'a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default: what egressc.toml says)'
complete -c egressc -n '__fish_seen_subcommand_from explain' -l manifests -r -F -d 'ask these manifests instead of a policy: files, folders, or - for standard input; repeat it for several'
complete -c egressc -n '__fish_seen_subcommand_from explain' -l format -x -a 'text json' -d 'how answers are written; json is one object a line (default: text)'
complete -c egressc -n '__fish_seen_subcommand_from explain' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from explain' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from explain' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from explain' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from explain' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from graph' -F
complete -c egressc -n '__fish_seen_subcommand_from graph' -s p -l profile -r -F -d 'a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default: what egressc.toml says)'
complete -c egressc -n '__fish_seen_subcommand_from graph' -l format -x -a 'html json dot mermaid' -d 'a page for a browser (several -p: a page of all clusters), data (schemas/graph.schema.json), or the text that Graphviz or Mermaid draws (default: html)'
complete -c egressc -n '__fish_seen_subcommand_from graph' -s o -l output -r -F -d 'write it there (default: standard output)'
complete -c egressc -n '__fish_seen_subcommand_from graph' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from graph' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from graph' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from graph' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from graph' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from alerts' -F
complete -c egressc -n '__fish_seen_subcommand_from alerts' -s p -l profile -r -F -d 'a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default: what egressc.toml says)'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -l format -x -a 'rules prometheusrule dashboard' -d 'a rules file of Prometheus, PrometheusRules for its operator, or a Grafana dashboard over the same rules (default: rules)'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -l cluster-label -x -d 'the label whose value is the profile\'s name, in a Prometheus that has the series of several clusters (default: cluster with several -p, none with one)'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -s o -l output -r -F -d 'write it there (default: standard output)'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from alerts' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from profile' -F
complete -c egressc -n '__fish_seen_subcommand_from profile' -l check -d 'tell every finding, write nothing'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l only-profiles -d 'pass over files that do not claim to be a ClusterProfile, as a hook is given every YAML file'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l format -x -a 'text concise json sarif github gitlab junit markdown' -d 'how findings are written (default: text)'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l fail-on -x -a 'error warning note' -d 'the least severity that fails (default: what egressc.toml says, else error)'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l select -x -a '(__fish_complete_list , __egressc_codes)' -d 'of warnings and notes tell only these: codes, names, or the start of codes such as EGR3'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l ignore -x -a '(__fish_complete_list , __egressc_codes)' -d 'hide these warnings and notes; errors are always told'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l output-file -r -F -d 'write the report there'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from profile' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from profile' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from profile' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from profile' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from kustomize' -F
complete -c egressc -n '__fish_seen_subcommand_from kustomize' -l plugin-home -x -a '(__fish_complete_directories)' -d 'where to install (default: $KUSTOMIZE_PLUGIN_HOME, else the folder in which kustomize looks)'
complete -c egressc -n '__fish_seen_subcommand_from kustomize' -l format -x -a 'text concise json sarif github gitlab junit markdown' -d 'how verify writes findings (default: text)'
complete -c egressc -n '__fish_seen_subcommand_from kustomize' -l color -x -a 'auto always never' -d 'colours of the text format'
complete -c egressc -n '__fish_seen_subcommand_from kustomize' -l today -x -d 'the day expiry is judged against (default: today, UTC)'
complete -c egressc -n '__fish_seen_subcommand_from kustomize' -s q -l quiet -d 'say nothing when there is nothing to say'
complete -c egressc -n '__fish_seen_subcommand_from kustomize' -s v -l verbose -d 'say what was assumed'
complete -c egressc -n '__fish_seen_subcommand_from kustomize' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from init' -a '(__fish_complete_directories)'
complete -c egressc -n '__fish_seen_subcommand_from init' -l ci -x -a 'github gitlab none' -d 'the CI to make a file for (default: the one whose files or remotes the repository has, else github)'
complete -c egressc -n '__fish_seen_subcommand_from init' -l hooks-repo -x -d 'the repository that the hook file names (default: that of egressc)'
complete -c egressc -n '__fish_seen_subcommand_from init' -l hooks-rev -x -d 'the revision of it that the hook file names (default: that of this version)'
complete -c egressc -n '__fish_seen_subcommand_from init' -s h -l help -d 'show this help message and exit'

complete -c egressc -n '__fish_seen_subcommand_from completion' -a 'bash fish zsh'
complete -c egressc -n '__fish_seen_subcommand_from completion' -s h -l help -d 'show this help message and exit'
