package main

import (
	"fmt"
	"net/netip"
	"strings"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	"google.golang.org/protobuf/proto"

	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/simulation"
	"istio.io/istio/pilot/pkg/xds/endpoints"
	"istio.io/istio/pilot/test/xds"
	dns "istio.io/istio/pkg/dns/proto"
	"istio.io/istio/pkg/dns/server"
)

// sidecar is one proxy with the configuration istiod generates for it.
// The simulation knows one wildcard address, 0.0.0.0, so connections to IPv6 have their own view of the listeners.
type sidecar struct {
	istiod   *xds.FakeDiscoveryServer
	proxy    *model.Proxy
	all      *simulation.Simulation
	v4, v6   *simulation.Simulation
	clusters map[string]*cluster.Cluster
	dials    map[string][]string
	names    map[string]*dns.NameTable_NameInfo
}

func newSidecar(istiod *xds.FakeDiscoveryServer, index int, p Proxy) *sidecar {
	ips := p.IPs
	if len(ips) == 0 {
		ips = []string{fmt.Sprintf("10.4.%d.%d", index/250, index%250+1)}
	}
	proxy := istiod.SetupProxy(&model.Proxy{
		ID:              fmt.Sprintf("pod-%d.%s", index, p.Namespace),
		IPAddresses:     ips,
		ConfigNamespace: p.Namespace,
		Labels:          p.Labels,
		Metadata: &model.NodeMetadata{
			Namespace:  p.Namespace,
			Labels:     p.Labels,
			DNSCapture: model.StringBool(p.DNSCapture),
			ClusterID:  "Kubernetes",
		},
	})
	all := simulation.NewSimulationFromConfigGen(nil, istiod.ConfigGenTest, proxy)
	s := &sidecar{
		istiod: istiod, proxy: proxy, all: all,
		v4:       withListeners(all, "0.0.0.0"),
		v6:       withListeners(all, "::"),
		clusters: map[string]*cluster.Cluster{},
		dials:    map[string][]string{},
	}
	for _, c := range all.Clusters {
		s.clusters[c.Name] = c
	}
	if p.DNSCapture {
		s.names = server.BuildNameTable(server.Config{Node: proxy, Push: istiod.PushContext()}).GetTable()
	}
	return s
}

// withListeners is a simulation in which the listeners of one family's wildcard address stand under 0.0.0.0,
// those of the other family's wildcard address under none, and extra addresses of dual-stack listeners are listeners.
func withListeners(all *simulation.Simulation, wildcard string) *simulation.Simulation {
	view := *all
	view.Listeners = nil
	for _, l := range all.Listeners {
		addresses := []*core.Address{l.GetAddress()}
		for _, extra := range l.GetAdditionalAddresses() {
			addresses = append(addresses, extra.GetAddress())
		}
		for _, address := range addresses {
			socket := address.GetSocketAddress()
			if l.Name != model.VirtualOutboundListenerName && l.Name != model.VirtualInboundListenerName {
				switch socket.GetAddress() {
				case wildcard:
					address = proto.Clone(address).(*core.Address)
					address.GetSocketAddress().Address = "0.0.0.0"
				case "0.0.0.0", "::":
					continue
				}
			}
			one := proto.Clone(l).(*listener.Listener)
			one.Address = address
			view.Listeners = append(view.Listeners, one)
		}
	}
	return &view
}

// resolve is the address the proxy's DNS has for a name, exactly or by a wildcard above it.
func (s *sidecar) resolve(name string) (string, bool) {
	for wildcard := name; wildcard != ""; {
		if info, known := s.names[wildcard]; known && len(info.GetIps()) > 0 {
			return info.GetIps()[0], true
		}
		_, parent, _ := strings.Cut(strings.TrimPrefix(wildcard, "*."), ".")
		if parent == "" {
			break
		}
		wildcard = "*." + parent
	}
	return "", false
}

func (s *sidecar) run(call Call) Verdict {
	if call.Via != "" {
		if address, known := s.resolve(call.Via); known {
			call.Address = address
		}
	}
	request := simulation.Call{Address: call.Address, Port: call.Port, CallMode: simulation.CallModeOutbound}
	switch call.Protocol {
	case "http":
		request.Protocol, request.HostHeader = simulation.HTTP, call.Name
	case "http2":
		request.Protocol, request.HostHeader = simulation.HTTP2, call.Name
	case "tls":
		request.Protocol, request.TLS, request.Sni, request.Alpn = simulation.TCP, simulation.TLS, call.Name, call.ALPN
	default:
		request.Protocol = simulation.TCP
	}
	sim := s.v4
	if address, err := netip.ParseAddr(call.Address); err == nil && address.Is6() {
		sim = s.v6
	}
	r := sim.Run(request)
	v := Verdict{Address: call.Address, Listener: r.ListenerMatched, VirtualHost: r.VirtualHostMatched, Cluster: r.ClusterMatched}
	matched := s.clusters[r.ClusterMatched]
	switch {
	case r.Error == simulation.ErrMultipleFilterChain:
		v.Verdict, v.Error = "lost", r.Error.Error()
	case r.Error != nil:
		v.Verdict, v.Sees, v.Error = "blocked", "dropped", r.Error.Error()
	case r.VirtualHostMatched == "block_all":
		v.Verdict, v.Sees = "blocked", "502"
	case r.ClusterMatched == "BlackHoleCluster":
		v.Verdict, v.Sees = "blocked", "dropped"
	case r.ClusterMatched == "PassthroughCluster":
		v.Verdict, v.Sees = "passed-through", "answer"
	case matched == nil:
		v.Verdict = "lost"
	default:
		v.Verdict, v.Sees, v.Type, v.Dials = "allowed", "answer", kind(matched), s.dialled(matched)
	}
	return v
}

// kind is the discovery type of a cluster; a DYNAMIC_DNS ServiceEntry is a cluster type of its own.
func kind(c *cluster.Cluster) string {
	if strings.Contains(c.GetClusterType().GetName(), "dynamic_forward_proxy") {
		return "DYNAMIC_FORWARD_PROXY"
	}
	return c.GetType().String()
}

// dialled is the addresses and names a cluster connects to, with their ports.
func (s *sidecar) dialled(c *cluster.Cluster) []string {
	if known, ok := s.dials[c.Name]; ok {
		return known
	}
	assignment := c.GetLoadAssignment()
	if c.GetType() == cluster.Cluster_EDS {
		builder := endpoints.NewEndpointBuilder(c.Name, s.proxy, s.istiod.PushContext())
		assignment = builder.BuildClusterLoadAssignment(s.istiod.Discovery.Env.EndpointIndex)
	}
	found := []string{}
	for _, locality := range assignment.GetEndpoints() {
		for _, e := range locality.GetLbEndpoints() {
			found = append(found, place(e))
		}
	}
	s.dials[c.Name] = found
	return found
}

func place(e *endpoint.LbEndpoint) string {
	socket := e.GetEndpoint().GetAddress().GetSocketAddress()
	return fmt.Sprintf("%s:%d", socket.GetAddress(), socket.GetPortValue())
}

// rejected is what a real Envoy refuses and the simulation does not notice: two filter chains of a listener
// with one match, one domain in two virtual hosts of a route, one name for two clusters or listeners.
func (s *sidecar) rejected() []string {
	refused := []string{}
	once := func(seen map[string]bool, key, what string) {
		if seen[key] {
			refused = append(refused, what+" "+key)
		}
		seen[key] = true
	}
	names, listeners := map[string]bool{}, map[string]bool{}
	for _, c := range s.all.Clusters {
		once(names, c.Name, "two clusters")
	}
	for _, l := range s.all.Listeners {
		once(listeners, l.Name, "two listeners")
		if l.Name == model.VirtualInboundListenerName {
			continue
		}
		chains := map[string]bool{}
		for _, chain := range l.FilterChains {
			for _, match := range matches(chain.GetFilterChainMatch()) {
				once(chains, match, "two filter chains of "+l.Name+":")
			}
		}
	}
	for _, route := range s.all.Routes {
		domains := map[string]bool{}
		for _, host := range route.VirtualHosts {
			for _, domain := range host.Domains {
				once(domains, strings.ToLower(domain), "two virtual hosts of "+route.Name+":")
			}
		}
	}
	return refused
}

// matches is every combination a filter chain matches on, each as one text: Envoy wants each to be unique.
func matches(m *listener.FilterChainMatch) []string {
	found := []string{fmt.Sprintf("port %d, %s", m.GetDestinationPort().GetValue(), m.GetTransportProtocol())}
	cross := func(values []string) {
		if len(values) == 0 {
			return
		}
		var crossed []string
		for _, have := range found {
			for _, value := range values {
				crossed = append(crossed, have+", "+value)
			}
		}
		found = crossed
	}
	var ranges []string
	for _, r := range m.GetPrefixRanges() {
		prefix, err := netip.ParsePrefix(fmt.Sprintf("%s/%d", r.GetAddressPrefix(), r.GetPrefixLen().GetValue()))
		if err != nil {
			ranges = append(ranges, "not a range "+r.GetAddressPrefix())
			continue
		}
		ranges = append(ranges, prefix.Masked().String())
	}
	cross(ranges)
	cross(m.GetServerNames())
	cross(m.GetApplicationProtocols())
	return found
}
