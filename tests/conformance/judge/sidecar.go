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
	shares   map[string][]Share
	refusals map[string]bool
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
			// What the agent of a pod tells istiod of its own ports.
			EnvoyStatusPort:     15021,
			EnvoyPrometheusPort: 15090,
		},
	})
	all := simulation.NewSimulationFromConfigGen(nil, istiod.ConfigGenTest, proxy)
	all.Routes = routes(istiod, proxy, all.Listeners)
	s := &sidecar{
		istiod: istiod, proxy: proxy, all: all,
		clusters: map[string]*cluster.Cluster{},
		dials:    map[string][]string{},
		shares:   map[string][]Share{},
		refusals: map[string]bool{},
	}
	for _, c := range all.Clusters {
		s.clusters[c.Name] = c
	}
	s.nameShares()
	s.v4, s.v6 = withListeners(all, "0.0.0.0"), withListeners(all, "::")
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
		for _, socket := range addresses(l) {
			if l.Name != model.VirtualOutboundListenerName {
				switch socket.GetAddress() {
				case wildcard:
					socket = proto.Clone(socket).(*core.SocketAddress)
					socket.Address = "0.0.0.0"
				case "0.0.0.0", "::":
					continue
				}
			}
			one := proto.Clone(l).(*listener.Listener)
			one.Address = &core.Address{Address: &core.Address_SocketAddress{SocketAddress: socket}}
			view.Listeners = append(view.Listeners, one)
		}
	}
	return &view
}

// addresses is every address a listener has.
func addresses(l *listener.Listener) []*core.SocketAddress {
	found := []*core.SocketAddress{l.GetAddress().GetSocketAddress()}
	for _, extra := range l.GetAdditionalAddresses() {
		found = append(found, extra.GetAddress().GetSocketAddress())
	}
	return found
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
	v.Refused = s.refusals["listener "+r.ListenerMatched] || s.refusals["route "+r.RouteConfigMatched]
	matched := s.clusters[r.ClusterMatched]
	switch {
	case r.Error == simulation.ErrMultipleFilterChain:
		v.Verdict, v.Error = "lost", r.Error.Error()
	case r.Error == simulation.ErrNoRoute || r.Error == simulation.ErrNoVirtualHost:
		v.Verdict, v.Sees, v.Error = "blocked", "404", r.Error.Error()
	case r.Error != nil:
		v.Verdict, v.Sees, v.Error = "blocked", "dropped", r.Error.Error()
	case r.VirtualHostMatched == "block_all":
		v.Verdict, v.Sees = "blocked", "502"
	case r.ClusterMatched == "BlackHoleCluster":
		v.Verdict, v.Sees = "blocked", "dropped"
	case r.ClusterMatched == "PassthroughCluster":
		v.Verdict, v.Sees = "passed-through", "answer"
	case r.ClusterMatched == "AllowAnyDynamicDNSCluster":
		v.Verdict, v.Sees, v.Type = "passed-through", "answer", kind(matched)
	case r.ClusterMatched == "":
		v.Verdict, v.Sees = "answered", "answer"
	case s.shares[r.ClusterMatched] != nil:
		v.Verdict, v.Cluster, v.Shared = "shared", "", s.shares[r.ClusterMatched]
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
// with one match, one domain in two virtual hosts of a route, one name for two clusters or listeners,
// one address for two listeners, and a server name with a wildcard that is not its whole first label.
func (s *sidecar) rejected() []string {
	refused := []string{}
	once := func(seen map[string]bool, key, what, refusal string) {
		if seen[key] {
			refused = append(refused, what+" "+key)
			s.refusals[refusal] = true
		}
		seen[key] = true
	}
	names, listeners := map[string]bool{}, map[string]bool{}
	places := map[string]string{}
	for _, c := range s.all.Clusters {
		once(names, c.Name, "two clusters", "")
	}
	for _, l := range s.all.Listeners {
		once(listeners, l.Name, "two listeners", "listener "+l.Name)
		for _, address := range addresses(l) {
			place := fmt.Sprintf("%s:%d", address.GetAddress(), address.GetPortValue())
			if other, taken := places[place]; taken {
				refused = append(refused, fmt.Sprintf("two listeners of %s: %s and %s", place, other, l.Name))
				s.refusals["listener "+other], s.refusals["listener "+l.Name] = true, true
			}
			places[place] = l.Name
		}
		if l.Name == model.VirtualInboundListenerName {
			continue
		}
		chains := map[string]bool{}
		for _, chain := range l.FilterChains {
			for _, name := range chain.GetFilterChainMatch().GetServerNames() {
				if strings.Contains(name, "*") && !strings.HasPrefix(name, "*.") {
					refused = append(refused, "a server name with a partial wildcard in "+l.Name+": "+name)
					s.refusals["listener "+l.Name] = true
				}
			}
			for _, match := range matches(chain.GetFilterChainMatch()) {
				once(chains, match, "two filter chains of "+l.Name+":", "listener "+l.Name)
			}
		}
	}
	for _, route := range s.all.Routes {
		domains := map[string]bool{}
		for _, host := range route.VirtualHosts {
			for _, domain := range host.Domains {
				once(domains, strings.ToLower(domain), "two virtual hosts of "+route.Name+":", "route "+route.Name)
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
