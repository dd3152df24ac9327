// The judge asks real istiod code what a proxy does with an outbound request.
//
// It reads one case a line (JSON) on stdin and answers each with one line on stdout, in order:
// a mesh configuration, Istio resources and Kubernetes objects as YAML, the proxies that ask,
// and their calls. For every case a whole istiod is started over a fake Kubernetes, and every call
// is sent through the listeners, routes and clusters it generates.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/simulation"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// Case is one mesh and what is asked of it.
type Case struct {
	ID         string  `json:"id"`
	MeshConfig string  `json:"meshConfig"`
	Istio      string  `json:"istio"`
	Kubernetes string  `json:"kubernetes"`
	Proxies    []Proxy `json:"proxies"`
	Calls      []Call  `json:"calls"`
}

// Proxy is a pod with a sidecar.
type Proxy struct {
	Namespace  string            `json:"namespace"`
	Labels     map[string]string `json:"labels"`
	DNSCapture bool              `json:"dnsCapture"`
	IP         string            `json:"ip"`
}

// Call is one outbound connection: Protocol is http, http2, tls or tcp.
type Call struct {
	Proxy    int    `json:"proxy"`
	Address  string `json:"address"`
	Port     int    `json:"port"`
	Protocol string `json:"protocol"`
	Name     string `json:"name"` // Host header of http, SNI of tls
}

// Verdict is what became of a call; Type is the discovery type of the cluster, empty when there is none.
type Verdict struct {
	Verdict     string `json:"verdict"` // allowed, blocked, passed-through, lost
	Sees        string `json:"sees,omitempty"`
	Listener    string `json:"listener,omitempty"`
	VirtualHost string `json:"virtualHost,omitempty"`
	Cluster     string `json:"cluster,omitempty"`
	Type        string `json:"type,omitempty"`
	Error       string `json:"error,omitempty"`
}

// Answer is the judgement of a case; Error says why the mesh could not be built.
type Answer struct {
	ID       string    `json:"id"`
	Error    string    `json:"error,omitempty"`
	Verdicts []Verdict `json:"verdicts"`
}

func main() {
	for _, s := range log.Scopes() {
		s.SetOutputLevel(log.NoneLevel)
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	decoder := json.NewDecoder(in)
	encoder := json.NewEncoder(os.Stdout)
	for decoder.More() {
		var c Case
		if err := decoder.Decode(&c); err != nil {
			fmt.Fprintln(os.Stderr, "judge: not a case:", err)
			os.Exit(2)
		}
		if err := encoder.Encode(judge(c)); err != nil {
			fmt.Fprintln(os.Stderr, "judge:", err)
			os.Exit(2)
		}
	}
}

func judge(c Case) (answer Answer) {
	answer.ID = c.ID
	meshConfig, err := mesh.ApplyMeshConfig(c.MeshConfig, mesh.DefaultMeshConfig())
	if err != nil {
		answer.Error = "meshConfig: " + err.Error()
		return answer
	}
	err = test.Wrap(func(t test.Failer) {
		defer func() {
			if r := recover(); r != nil {
				t.Fatalf("panic: %v", r)
			}
		}()
		s := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			MeshConfig:             meshConfig,
			ConfigString:           c.Istio,
			KubernetesObjectString: c.Kubernetes,
		})
		sims := make([]*simulation.Simulation, len(c.Proxies))
		types := make([]map[string]cluster.Cluster_DiscoveryType, len(c.Proxies))
		for i, p := range c.Proxies {
			ip := p.IP
			if ip == "" {
				ip = fmt.Sprintf("10.4.%d.%d", i/250, i%250+1)
			}
			proxy := s.SetupProxy(&model.Proxy{
				ID:              fmt.Sprintf("pod-%d.%s", i, p.Namespace),
				IPAddresses:     []string{ip},
				ConfigNamespace: p.Namespace,
				Labels:          p.Labels,
				Metadata: &model.NodeMetadata{
					Namespace:  p.Namespace,
					Labels:     p.Labels,
					DNSCapture: model.StringBool(p.DNSCapture),
					ClusterID:  "Kubernetes",
				},
			})
			sims[i] = simulation.NewSimulationFromConfigGen(nil, s.ConfigGenTest, proxy)
			types[i] = map[string]cluster.Cluster_DiscoveryType{}
			for _, cl := range sims[i].Clusters {
				types[i][cl.Name] = cl.GetType()
			}
		}
		for _, call := range c.Calls {
			answer.Verdicts = append(answer.Verdicts, run(sims[call.Proxy], types[call.Proxy], call))
		}
	})
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

func run(sim *simulation.Simulation, types map[string]cluster.Cluster_DiscoveryType, call Call) Verdict {
	request := simulation.Call{Address: call.Address, Port: call.Port, CallMode: simulation.CallModeOutbound}
	switch call.Protocol {
	case "http":
		request.Protocol, request.HostHeader = simulation.HTTP, call.Name
	case "http2":
		request.Protocol, request.HostHeader = simulation.HTTP2, call.Name
	case "tls":
		request.Protocol, request.TLS, request.Sni = simulation.TCP, simulation.TLS, call.Name
	default:
		request.Protocol = simulation.TCP
	}
	r := sim.Run(request)
	v := Verdict{Listener: r.ListenerMatched, VirtualHost: r.VirtualHostMatched, Cluster: r.ClusterMatched}
	kind, exists := types[r.ClusterMatched]
	switch {
	case r.Error != nil:
		v.Verdict, v.Sees, v.Error = "blocked", "dropped", r.Error.Error()
	case r.VirtualHostMatched == "block_all":
		v.Verdict, v.Sees = "blocked", "502"
	case r.ClusterMatched == "BlackHoleCluster":
		v.Verdict, v.Sees = "blocked", "dropped"
	case r.ClusterMatched == "PassthroughCluster":
		v.Verdict, v.Sees = "passed-through", "answer"
	case !exists:
		v.Verdict = "lost"
	default:
		v.Verdict, v.Sees, v.Type = "allowed", "answer", kind.String()
	}
	return v
}
