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
	"math/rand/v2"
	"os"
	"time"

	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/test/xds"
)

// Case is one mesh and what is asked of it.
type Case struct {
	ID         string  `json:"id"`
	MeshConfig string  `json:"meshConfig"`
	Istio      string  `json:"istio"`
	Kubernetes string  `json:"kubernetes"`
	Proxies    []Proxy `json:"proxies"`
	Calls      []Call  `json:"calls"`
	Rolls      int     `json:"rolls"` // how often the configuration is built anew and the calls are judged again
}

// Proxy is a pod with a sidecar.
type Proxy struct {
	Namespace  string            `json:"namespace"`
	Labels     map[string]string `json:"labels"`
	DNSCapture bool              `json:"dnsCapture"`
	IPs        []string          `json:"ips"` // one made up when there is none
}

// Call is one outbound connection: Protocol is http, http2, tls or tcp. With Via the client asks the proxy's DNS
// for that name first, and dials Address only where the proxy does not know it.
type Call struct {
	Proxy    int    `json:"proxy"`
	Address  string `json:"address"`
	Port     int    `json:"port"`
	Protocol string `json:"protocol"`
	Name     string `json:"name"` // Host header of http, SNI of tls
	ALPN     string `json:"alpn"` // of tls
	Via      string `json:"via"`
}

// Verdict is what became of a call. Type is the discovery type of the cluster, empty when there is none;
// Dials is what the cluster connects to, empty when that is what the client dialled (ORIGINAL_DST)
// or what the request names (DYNAMIC_FORWARD_PROXY). Address is what the client dialled.
// Answered is what the proxy itself answers, by a redirect or a response of its own. Shared is what becomes of each
// part of a call that is dealt to several clusters, or copied to one. Refused says that a real Envoy would refuse the
// listener or the route the call took.
type Verdict struct {
	Verdict     string   `json:"verdict"` // allowed, answered, blocked, passed-through, lost, shared
	Address     string   `json:"address"`
	Sees        string   `json:"sees,omitempty"`
	Listener    string   `json:"listener,omitempty"`
	VirtualHost string   `json:"virtualHost,omitempty"`
	Cluster     string   `json:"cluster,omitempty"`
	Type        string   `json:"type,omitempty"`
	Dials       []string `json:"dials,omitempty"`
	Error       string   `json:"error,omitempty"`
	Shared      []Share  `json:"shared,omitempty"`
	Refused     bool     `json:"refused,omitempty"`
}

// Share is one of the clusters a call is dealt to; Copied is true for one that gets a copy and answers nobody.
type Share struct {
	Verdict string `json:"verdict"`
	Cluster string `json:"cluster"`
	Type    string `json:"type,omitempty"`
	Weight  uint32 `json:"weight"`
	Copied  bool   `json:"copied,omitempty"`
}

// Answer is the judgement of a case; Error says why the mesh could not be built.
// Rejected is, for each proxy, what a real Envoy would refuse of its configuration.
type Answer struct {
	ID       string     `json:"id"`
	Error    string     `json:"error,omitempty"`
	Verdicts []Verdict  `json:"verdicts"`
	Rejected [][]string `json:"rejected"`
	Rolls    []Roll     `json:"rolls,omitempty"`
}

// Roll is one more judgement by the same istiod, which has built the configuration anew: what it decides by chance
// may differ.
type Roll struct {
	Verdicts []Verdict  `json:"verdicts"`
	Rejected [][]string `json:"rejected"`
}

func main() {
	for _, s := range log.Scopes() {
		s.SetOutputLevel(log.NoneLevel)
	}
	decoder := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
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
		istiod := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			MeshConfig:             meshConfig,
			Configs:                configs(t, c.Istio),
			KubernetesObjectString: c.Kubernetes,
		})
		first := roll(istiod, c)
		answer.Verdicts, answer.Rejected = first.Verdicts, first.Rejected
		istiod.Env().ServiceDiscovery = shuffled{istiod.Env().ServiceDiscovery}
		for range c.Rolls {
			push := model.NewPushContext()
			push.InitContext(istiod.Env(), nil, nil)
			istiod.Env().SetPushContext(push)
			answer.Rolls = append(answer.Rolls, roll(istiod, c))
		}
	})
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

// shuffled lists what is registered in another order each time, as Go's maps, from which istiod takes it, may do.
type shuffled struct {
	model.ServiceDiscovery
}

func (s shuffled) Services() []*model.Service {
	found := s.ServiceDiscovery.Services()
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	return found
}

// configs is Istio resources as a cluster has them: in a namespace, of an age, and of the cluster's domain, which makes
// whole names of short ones.
func configs(t test.Failer, documents string) []config.Config {
	found, _, err := crd.ParseInputs(documents)
	if err != nil {
		t.Fatalf("%v", err)
	}
	now := time.Now()
	for i := range found {
		found[i].Domain = "cluster.local"
		if found[i].Namespace == "" {
			found[i].Namespace = "default"
		}
		if found[i].CreationTimestamp.IsZero() {
			found[i].CreationTimestamp = now
		}
	}
	return found
}

// roll judges every call by the configuration istiod has now.
func roll(istiod *xds.FakeDiscoveryServer, c Case) (judged Roll) {
	sidecars := make([]*sidecar, len(c.Proxies))
	for i, p := range c.Proxies {
		sidecars[i] = newSidecar(istiod, i, p)
		judged.Rejected = append(judged.Rejected, sidecars[i].rejected())
	}
	for _, call := range c.Calls {
		judged.Verdicts = append(judged.Verdicts, sidecars[call.Proxy].run(call))
	}
	return judged
}
