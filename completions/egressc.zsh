#compdef egressc
# Completion of egressc in zsh. Written by docs/generate.py from what egressc says of itself.

_egressc() {
    local context state state_descr line curcontext=$curcontext
    local -A opt_args
    local -a codes=(EGR001 EGR002 EGR003 EGR004 EGR005 EGR006 EGR007 EGR008 EGR101 EGR102 EGR103 EGR104 EGR105 EGR106 EGR107 EGR201 EGR202 EGR203 EGR204 EGR205 EGR206 EGR207 EGR301 EGR302 EGR303 EGR304 EGR305 EGR306 EGR307 EGR308 EGR309 EGR310 EGR401 EGR402 EGR403 EGR404 EGR405 EGR406 EGR407 EGR408 EGR501 EGR502 EGR503 EGR504 EGR505 EGR506 EGR507 EGR508 EGR509 EGR510 EGR511 EGR512 EGR601 EGR602 EGR603 EGR604 EGR605 EGR606 EGR607 EGR608 EGR609 EGR610 EGR611 EGR612 EGR613 EGR614 EGR615 EGR616 EGR617 EGR618 EGR619 EGR620 EGR621 EGR622 EGR623 EGR624 EGR625 EGR626 EGR627 EGR628 EGR629 EGR630 EGR631 EGR632 EGR633 EGR634 EGR635 EGR636 EGR637 EGR638 EGR639 EGR640 EGR641 EGR642 EGR701 EGR901 EGR902)
    _arguments -C '(- *)--help[show this help message and exit]' '(- *)--version[show program'\''s version number and exit]' '1: :->command' '*:: :->arguments'
    case $state in
        command)
            local -a commands=(
                'compile:Turn a policy into ServiceEntries, Sidecars and the installation.'
                'check:Tell every finding, write nothing unless it is to fix.'
                'fmt:Write policy files in their canonical form, in place.'
                'test:Judge the expect lines of a policy, one line each.'
                'explain:Say what becomes of a flow: allowed or blocked, by which rule, through what, and what the client sees.'
                'diff:Tell which access is gained, lost or changed, in flows and not in lines.'
                'analyze:Find mistakes in Istio manifests that nobody wrote for egressc, and tell who reaches what by them.'
                'graph:Draw who may reach what, by which rule, and what becomes of everything else.'
                'alerts:Write Prometheus rules that tell when traffic and policy part, or a Grafana dashboard of both.'
                'audit:Compare observed traffic with the policy: used, unused, blocked, passed through, out of region.'
                'learn:Propose rules for observed traffic, with the evidence in comments.'
                'import:Turn ServiceEntries and Sidecars into a policy with the same flows, and list what is not kept.'
                'profile:Make or update a profile from Kubernetes and Istio manifests; `--check` tells what is wrong with profiles.'
                'kustomize:Be a generator and validator of kustomize, install the plugin, or compare a build with a policy.'
                'init:Make a first policy, profile, configuration, hook and CI file, without changing what stands already.'
                'completion:Print what makes a shell complete the command line.'
            )
            _describe -t commands command commands
            ;;
        arguments)
            case $words[1] in
                compile)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--format)--format=[how findings are written (default\: text)]:format:(text concise json sarif github gitlab junit markdown)' \
                        '(--fail-on)--fail-on=[the least severity that fails (default\: what egressc.toml says, else error)]:fail_on:(error warning note)' \
                        '*--select=[of warnings and notes tell only these\: codes, names, or the start of codes such as EGR3]:CODE,…:_sequence compadd - $codes' \
                        '*--ignore=[hide these warnings and notes; errors are always told]:CODE,…:_sequence compadd - $codes' \
                        '(--output-file)--output-file=[write the report there]:FILE:_files' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-o --output)-o+[write files there instead of one text to standard output (default\: what egressc.toml says; - is standard output)]:DIR:_files -/' \
                        '(-o --output)--output=[write files there instead of one text to standard output (default\: what egressc.toml says; - is standard output)]:DIR:_files -/' \
                        '(--check)--check[write nothing; fail if what stands in DIR is not what the policy compiles to]' \
                        '(--tracked)--tracked[with --check, fail for a file in DIR that git does not track, too]' \
                        '(--kinds)--kinds=[only these kinds\: ServiceEntry, Sidecar, IstioOperator, values, Istio]:KIND,…:_sequence compadd - ServiceEntry Sidecar IstioOperator values Istio' \
                        '(--namespace)--namespace=[emit this namespace alone; the whole policy is checked]:NS: ' \
                        '(--installation)--installation=[how the installation is written (default\: as it was read, else istio)]:installation:(istio helm sail)' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                check)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--format)--format=[how findings are written (default\: text)]:format:(text concise json sarif github gitlab junit markdown)' \
                        '(--fail-on)--fail-on=[the least severity that fails (default\: what egressc.toml says, else error)]:fail_on:(error warning note)' \
                        '*--select=[of warnings and notes tell only these\: codes, names, or the start of codes such as EGR3]:CODE,…:_sequence compadd - $codes' \
                        '*--ignore=[hide these warnings and notes; errors are always told]:CODE,…:_sequence compadd - $codes' \
                        '(--output-file)--output-file=[write the report there]:FILE:_files' \
                        '(--fix)--fix[apply the fixes that cannot widen the policy]' \
                        '(--diff)--diff[show what --fix would change as a unified diff, and write nothing]' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                fmt)
                    _arguments -S \
                        '*:PATH:_files' \
                        '(--check)--check[write nothing; name the files that would change, and fail if there are any]' \
                        '(--diff)--diff[write nothing; show the changes as a unified diff, and fail if there are any]' \
                        '(--color)--color=[colours of what is told of files that do not parse]:color:(auto always never)' \
                        '(-q --quiet)-q[do not say how many files were formatted]' \
                        '(-q --quiet)--quiet[do not say how many files were formatted]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                test)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--format)--format=[how the lines are written (default\: text)]:format:(text json junit)' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                explain)
                    _arguments -S \
                        ':FLOW:{compadd -a codes}' \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--manifests=[ask these manifests instead of a policy\: files, folders, or - for standard input; repeat it for several]:PATH:_files' \
                        '(--format)--format=[how answers are written; json is one object a line, or one document of all flows that match; csv is for these alone (default\: text)]:format:(text json csv)' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                diff)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--base)--base=[what to compare with\: a policy file or folder, or a folder of manifests; what does not exist is a git revision, such as `origin/main...` for where this branch left it]:REV|PATH: ' \
                        '*--base-profile=[the profile of the base; without --base the same policy is compared in two clusters]:FILE:_files' \
                        '*--manifests=[compare these manifests instead of a policy\: files or folders; repeat it for several]:PATH:_files' \
                        '(--fail-if)--fail-if=[end in status 1 if any access is gained, or if anything is another (default\: never)]:fail_if:(widened changed)' \
                        '(--format)--format=[how changes are written (default\: text)]:format:(text json markdown sarif)' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                analyze)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[what the manifests do not say of the cluster\: a ClusterProfile, or what stands for one]:FILE:_files' \
                        '*--profile=[what the manifests do not say of the cluster\: a ClusterProfile, or what stands for one]:FILE:_files' \
                        '(--egress)--egress=[write who reaches what today, through what, and what is open by accident, instead of the report, which goes to standard error]:egress:(table json csv)' \
                        '(--format)--format=[how findings are written (default\: text)]:format:(text concise json sarif github gitlab junit markdown)' \
                        '(--fail-on)--fail-on=[the least severity that fails (default\: what egressc.toml says, else error)]:fail_on:(error warning note)' \
                        '*--select=[of warnings and notes tell only these\: codes, names, or the start of codes such as EGR3]:CODE,…:_sequence compadd - $codes' \
                        '*--ignore=[hide these warnings and notes; errors are always told]:CODE,…:_sequence compadd - $codes' \
                        '(--output-file)--output-file=[write the report there]:FILE:_files' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                graph)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--prometheus)--prometheus=[a Prometheus, or a Thanos or Mimir, that has Istio'\''s metrics\: the address above `/api/v1`]:URL: ' \
                        '(--since)--since=[how far back to look\: 90m, 12h, 7d, 4w; an access log alone is read whole (default\: 7d)]:DURATION: ' \
                        '(--cluster-label)--cluster-label=[the label that tells the cluster'\''s series from those of others in the same server, and its value there (default\: the profile'\''s name)]:LABEL[=VALUE]: ' \
                        '*--access-log=[a sidecar'\''s access log in Istio'\''s default format, text or JSON, and whose it is; repeat it for several]:WORKLOAD=FILE: ' \
                        '(--bearer-token-file)--bearer-token-file=[a file with a bearer token (or\: EGRESSC_PROMETHEUS_TOKEN)]:FILE:_files' \
                        '(--basic-auth-file)--basic-auth-file=[a file with `user\:password` (or\: EGRESSC_PROMETHEUS_BASIC)]:FILE:_files' \
                        '(--client-certificate)--client-certificate=[a certificate to show, in PEM]:FILE:_files' \
                        '(--client-key)--client-key=[its key, where it is in another file]:FILE:_files' \
                        '(--ca-file)--ca-file=[the certificates to trust, in PEM (default\: the system'\''s)]:FILE:_files' \
                        '(--tenant)--tenant=[the tenant of a Mimir or Cortex (X-Scope-OrgID)]:ID: ' \
                        '(--timeout)--timeout=[the longest wait for an answer (default\: 30)]:SECONDS: ' \
                        '(--retries)--retries=[further tries where a server is busy or gone (default\: 2)]:N: ' \
                        '(--format)--format=[a page for a browser (several -p\: a page of all clusters), data (schemas/graph.schema.json), or the text that Graphviz or Mermaid draws (default\: html)]:format:(html json dot mermaid)' \
                        '(-o --output)-o+[write it there (default\: standard output)]:FILE:_files' \
                        '(-o --output)--output=[write it there (default\: standard output)]:FILE:_files' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                alerts)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--format)--format=[a rules file of Prometheus, PrometheusRules for its operator, or a Grafana dashboard over the same rules (default\: rules)]:format:(rules prometheusrule dashboard)' \
                        '(--cluster-label)--cluster-label=[the label whose value is the profile'\''s name, in a Prometheus that has the series of several clusters (default\: cluster with several -p, none with one)]:LABEL: ' \
                        '(-o --output)-o+[write it there (default\: standard output)]:FILE:_files' \
                        '(-o --output)--output=[write it there (default\: standard output)]:FILE:_files' \
                        '(--fail-on)--fail-on=[the least severity that fails (default\: what egressc.toml says, else error)]:fail_on:(error warning note)' \
                        '*--select=[of warnings and notes tell only these\: codes, names, or the start of codes such as EGR3]:CODE,…:_sequence compadd - $codes' \
                        '*--ignore=[hide these warnings and notes; errors are always told]:CODE,…:_sequence compadd - $codes' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                audit)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--prometheus)--prometheus=[a Prometheus, or a Thanos or Mimir, that has Istio'\''s metrics\: the address above `/api/v1`]:URL: ' \
                        '(--since)--since=[how far back to look\: 90m, 12h, 7d, 4w; an access log alone is read whole (default\: 7d)]:DURATION: ' \
                        '(--cluster-label)--cluster-label=[the label that tells the cluster'\''s series from those of others in the same server, and its value there (default\: the profile'\''s name)]:LABEL[=VALUE]: ' \
                        '*--access-log=[a sidecar'\''s access log in Istio'\''s default format, text or JSON, and whose it is; repeat it for several]:WORKLOAD=FILE: ' \
                        '(--bearer-token-file)--bearer-token-file=[a file with a bearer token (or\: EGRESSC_PROMETHEUS_TOKEN)]:FILE:_files' \
                        '(--basic-auth-file)--basic-auth-file=[a file with `user\:password` (or\: EGRESSC_PROMETHEUS_BASIC)]:FILE:_files' \
                        '(--client-certificate)--client-certificate=[a certificate to show, in PEM]:FILE:_files' \
                        '(--client-key)--client-key=[its key, where it is in another file]:FILE:_files' \
                        '(--ca-file)--ca-file=[the certificates to trust, in PEM (default\: the system'\''s)]:FILE:_files' \
                        '(--tenant)--tenant=[the tenant of a Mimir or Cortex (X-Scope-OrgID)]:ID: ' \
                        '(--timeout)--timeout=[the longest wait for an answer (default\: 30)]:SECONDS: ' \
                        '(--retries)--retries=[further tries where a server is busy or gone (default\: 2)]:N: ' \
                        '(--ready)--ready[say of each namespace whether it can be enforced, instead of the tables]' \
                        '(--format)--format=[tables, data (schemas/audit.schema.json), or the unused rules for code scanning (default\: text)]:format:(text json sarif)' \
                        '*--fail-on=[fail for these\: unused, blocked, passed-through, lost, outside, out-of-region, nameless, incomplete, and with --ready not-ready (default\: for none)]:FOUND,…:_sequence compadd - unused blocked passed-through lost outside out-of-region nameless incomplete not-ready' \
                        '(--output-file)--output-file=[write the result there]:FILE:_files' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                learn)
                    _arguments -S \
                        '*:PATH:_files' \
                        '*-p+[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '*--profile=[a ClusterProfile, or an IstioOperator file, Helm values or a Sail Istio; repeat it for several clusters (default\: what egressc.toml says)]:FILE:_files' \
                        '(--prometheus)--prometheus=[a Prometheus, or a Thanos or Mimir, that has Istio'\''s metrics\: the address above `/api/v1`]:URL: ' \
                        '(--since)--since=[how far back to look\: 90m, 12h, 7d, 4w; an access log alone is read whole (default\: 7d)]:DURATION: ' \
                        '(--cluster-label)--cluster-label=[the label that tells the cluster'\''s series from those of others in the same server, and its value there (default\: the profile'\''s name)]:LABEL[=VALUE]: ' \
                        '*--access-log=[a sidecar'\''s access log in Istio'\''s default format, text or JSON, and whose it is; repeat it for several]:WORKLOAD=FILE: ' \
                        '(--bearer-token-file)--bearer-token-file=[a file with a bearer token (or\: EGRESSC_PROMETHEUS_TOKEN)]:FILE:_files' \
                        '(--basic-auth-file)--basic-auth-file=[a file with `user\:password` (or\: EGRESSC_PROMETHEUS_BASIC)]:FILE:_files' \
                        '(--client-certificate)--client-certificate=[a certificate to show, in PEM]:FILE:_files' \
                        '(--client-key)--client-key=[its key, where it is in another file]:FILE:_files' \
                        '(--ca-file)--ca-file=[the certificates to trust, in PEM (default\: the system'\''s)]:FILE:_files' \
                        '(--tenant)--tenant=[the tenant of a Mimir or Cortex (X-Scope-OrgID)]:ID: ' \
                        '(--timeout)--timeout=[the longest wait for an answer (default\: 30)]:SECONDS: ' \
                        '(--retries)--retries=[further tries where a server is busy or gone (default\: 2)]:N: ' \
                        '*--wildcard=[propose this wildcard instead of the names below it that were seen; repeat it for several]:*.SUFFIX: ' \
                        '(--attempted)--attempted[propose what was attempted and blocked, too\: somebody has to read it]' \
                        '*--attribute=[give each rule this attribute, such as one that the profile requires; repeat it for several]:KEY=VALUE: ' \
                        '(-o --output)-o+[write it there (default\: standard output)]:FILE:_files' \
                        '(-o --output)--output=[write it there (default\: standard output)]:FILE:_files' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                import)
                    _arguments -S \
                        '*:MANIFEST:_files' \
                        '*-p+[the cluster that the policy is for (default\: what the manifests tell)]:FILE:_files' \
                        '*--profile=[the cluster that the policy is for (default\: what the manifests tell)]:FILE:_files' \
                        '(-o)-o+[write the policy there (default\: standard output)]:FILE:_files' \
                        '(--profile-output)--profile-output=[write the profile that the manifests imply, which the policy is for, and beside it, as `FILE-resources.yaml`, what stays of files that hold more]:FILE:_files' \
                        '(--strict)--strict[end in status 1 if anything is not kept]' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                profile)
                    _arguments -S \
                        '*:MANIFEST:_files' \
                        '(-o)-o+[the profile\: made, or updated in place where it stands (default\: standard output)]:FILE:_files' \
                        '(--name)--name=[the name of the cluster (default\: that of FILE, else cluster)]:NAME: ' \
                        '(-n --namespace)-n+[the namespace of manifests that name none, and of the profile'\''s own (default\: what FILE says, else default)]:NS: ' \
                        '(-n --namespace)--namespace=[the namespace of manifests that name none, and of the profile'\''s own (default\: what FILE says, else default)]:NS: ' \
                        '(--prune)--prune[take out workloads that no manifest shows]' \
                        '(--check)--check[tell every finding about profiles, write nothing]' \
                        '(--only-profiles)--only-profiles[with --check\: pass over files that do not claim to be a ClusterProfile, as a hook is given every YAML file]' \
                        '(--format)--format=[how findings are written (default\: text)]:format:(text concise json sarif github gitlab junit markdown)' \
                        '(--fail-on)--fail-on=[the least severity that fails (default\: what egressc.toml says, else error)]:fail_on:(error warning note)' \
                        '*--select=[of warnings and notes tell only these\: codes, names, or the start of codes such as EGR3]:CODE,…:_sequence compadd - $codes' \
                        '*--ignore=[hide these warnings and notes; errors are always told]:CODE,…:_sequence compadd - $codes' \
                        '(--output-file)--output-file=[write the report there]:FILE:_files' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                kustomize)
                    _arguments -S \
                        ':ACTION: ' \
                        ':CONFIG:_files' \
                        '(--plugin-home)--plugin-home=[where to install (default\: $KUSTOMIZE_PLUGIN_HOME, else the folder in which kustomize looks)]:DIR:_files -/' \
                        '(--format)--format=[how verify writes findings (default\: text)]:format:(text concise json sarif github gitlab junit markdown)' \
                        '(--color)--color=[colours of the text format]:color:(auto always never)' \
                        '(--today)--today=[the day expiry is judged against (default\: today, UTC)]:DATE: ' \
                        '(-q --quiet)-q[say nothing when there is nothing to say]' \
                        '(-q --quiet)--quiet[say nothing when there is nothing to say]' \
                        '(-v --verbose)-v[say what was assumed]' \
                        '(-v --verbose)--verbose[say what was assumed]' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                init)
                    _arguments -S \
                        ':DIR:_files -/' \
                        '(--ci)--ci=[the CI to make a file for (default\: the one whose files or remotes the repository has, else github)]:ci:(github gitlab none)' \
                        '(--hooks-repo)--hooks-repo=[the repository that the hook file names (default\: that of egressc)]:URL: ' \
                        '(--hooks-rev)--hooks-rev=[the revision of it that the hook file names (default\: that of this version)]:REV: ' \
                        '*--limit=[let a limit be N, as in `values=20000000` or `file-size=256MiB` (default\: what egressc.toml says, else what docs/limits.md does)]:NAME=N: ' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
                completion)
                    _arguments -S \
                        ':SHELL:(bash fish zsh)' \
                        '(-h --help)-h[show this help message and exit]' \
                        '(-h --help)--help[show this help message and exit]'
                    ;;
            esac
            ;;
    esac
}

if [[ $funcstack[1] == _egressc ]]; then
    _egressc "$@"
else
    compdef _egressc egressc
fi
