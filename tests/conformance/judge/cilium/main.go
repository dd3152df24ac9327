// The cilium program is Cilium's own reader of its policies: whether it takes one, and which names it lets through where.
//
// Each line on stdin is JSON: a policy, names, and ports; each on stdout a line too: why the policy is refused, or for each
// name and port, in their order, whether `toFQDNs` and `toPorts` let TCP through and no `egressDeny` could take it back.
// A module of its own: it shares no dependency with istiod.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/cilium/cilium/pkg/fqdn/dns"
	v2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/policy/api"
)

type asked struct {
	Policy v2.CiliumNetworkPolicy `json:"policy"`
	Names  []string               `json:"names"`
	Ports  []int                  `json:"ports"`
}

type answer struct {
	Error   string `json:"error,omitempty"`
	Reaches []bool `json:"reaches"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		line, _ := json.Marshal(judge(lines.Bytes()))
		fmt.Println(string(line))
	}
}

func judge(line []byte) answer {
	question := asked{}
	if err := json.Unmarshal(line, &question); err != nil {
		return answer{Error: err.Error()}
	}
	rules, err := question.Policy.Parse(slog.New(slog.DiscardHandler), "")
	if err != nil {
		return answer{Error: err.Error()}
	}
	found := answer{Reaches: []bool{}}
	for _, name := range question.Names {
		for _, port := range question.Ports {
			found.Reaches = append(found.Reaches, reaches(rules, name, port))
		}
	}
	return found
}

func reaches(rules api.Rules, name string, port int) bool {
	lets := false
	for _, rule := range rules {
		if len(rule.EgressDeny) > 0 {
			return false
		}
		for _, egress := range rule.Egress {
			lets = lets || (names(egress.ToFQDNs, name) && opens(egress.ToPorts, port))
		}
	}
	return lets
}

func names(selectors api.FQDNSelectorSlice, name string) bool {
	for _, each := range selectors {
		if regex, err := each.ToRegex(); err == nil && regex.MatchString(dns.FQDN(name)) {
			return true
		}
	}
	return false
}

func opens(several api.PortRules, port int) bool {
	if len(several) == 0 {
		return true
	}
	for _, each := range several {
		for _, one := range each.Ports {
			first, err := strconv.Atoi(one.Port)
			last := max(first, int(one.EndPort))
			isTCP := one.Protocol == "" || one.Protocol == api.ProtoAny || one.Protocol == api.ProtoTCP
			if err == nil && isTCP && (first == 0 || (first <= port && port <= last)) {
				return true
			}
		}
	}
	return false
}
